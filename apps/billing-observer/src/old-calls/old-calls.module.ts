import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { Database } from '../database.service.js';
import { whileRecording, type Repeating } from '../usage/while-recording.process.js';
import { removeEventsWithoutCall } from './events-without-call.pg.js';
import { keptFrom } from './kept-days.js';
import { removeOldCalls } from './old-calls.pg.js';

const EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;
/** How often all events are scanned for calls that are not in the call log. */
const LOOK_THROUGH_EVERY_MS = 24 * EVERY_MS;
/** Recording has priority: after each batch the database is left alone for at least twice as long as it took. */
const PAUSE_MS = 50;
const PAUSES_A_BATCH = 2;

/** Removes calls that are older than `CALL_LOG_KEEP_DAYS` from the call log. */
@Module({})
export class OldCallsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private removing: Repeating | undefined;
  private lookThroughAt = 0;

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.CALL_LOG_KEEP_DAYS === 0) return;
    this.removing = whileRecording({
      started: this.database.opened,
      turn: (_opened, signal) => this.remove(signal),
      everyMs: EVERY_MS,
      retryMs: RETRY_MS,
      logger: this.logger,
      failed: 'cannot remove old calls from the call log; retrying',
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.removing?.stop();
  }

  private async remove(signal: AbortSignal): Promise<void> {
    const { recording } = this.database;
    const old = {
      before: keptFrom(new Date(), this.config.CALL_LOG_KEEP_DAYS),
      signal,
      pause: (tookMs: number) => sleep(Math.max(PAUSE_MS, PAUSES_A_BATCH * tookMs), undefined, { signal }),
    };
    const calls = await removeOldCalls(recording, old);
    if (calls > 0) this.logger.info({ calls }, 'removed old calls from the call log');
    if (performance.now() < this.lookThroughAt) return;
    const events = await removeEventsWithoutCall(recording, old);
    if (events > 0) this.logger.info({ events }, 'removed old events of calls that are not in the call log');
    this.lookThroughAt = performance.now() + LOOK_THROUGH_EVERY_MS;
  }
}
