import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { Database } from '../database.service.js';
import { whileRecording, type Repeating } from '../usage/while-recording.process.js';
import { keptFrom } from './kept-days.js';
import { removeOldCalls } from './old-calls.pg.js';

const EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;
/** Recording goes first: at most some thousand calls a second are removed. */
const PAUSE_MS = 50;

/** Removes calls from the call log that are older than it keeps. */
@Module({})
export class OldCallsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private removing: Repeating | undefined;

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
    const removed = await removeOldCalls(this.database.recording, {
      before: keptFrom(new Date(), this.config.CALL_LOG_KEEP_DAYS),
      signal,
      pause: () => sleep(PAUSE_MS, undefined, { signal }),
    });
    if (removed > 0) this.logger.info({ calls: removed }, 'removed old calls from the call log');
  }
}
