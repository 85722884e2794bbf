import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { Database } from '../database.service.js';
import { UsageModule } from '../usage/usage.module.js';
import { UsageRecording } from '../usage/usage.service.js';
import { whileRecording, type Repeating } from '../usage/while-recording.process.js';
import { closeLostCalls, lookForBridges } from './close-lost.nats.js';

/** The ends of calls are estimated by the latest heartbeat, so it is noted this often. */
const LOOK_MS = 10_000;
const CLOSE_LOOKS = 6;
const LOST_MS = 24 * 3_600_000;
/** This copy has to have looked for heartbeats for so long: it may have been away itself, or NATS. */
const SETTLED_LOOKS = 90;

/** Ends calls of bridges that never come back. */
@Module({ imports: [UsageModule] })
export class LostCallsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private looking: Repeating | undefined;
  /** For heartbeats, since the last that failed. */
  private looks = 0;

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRecording,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.looking = whileRecording({
      started: this.usage.started,
      turn: (nc, signal) => this.look(nc, signal),
      everyMs: LOOK_MS,
      logger: this.logger,
      failed: 'cannot look for calls of lost bridges; retrying',
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.looking?.stop();
  }

  private async look(nc: NatsConnection, signal: AbortSignal): Promise<void> {
    const options = { nc, dataSource: this.database.recording, logger: this.logger, lostMs: LOST_MS };
    try {
      await lookForBridges(options, signal);
    } catch (error) {
      this.looks = 0;
      throw error;
    }
    this.looks += 1;
    if (this.looks >= SETTLED_LOOKS && this.looks % CLOSE_LOOKS === 0) await closeLostCalls(options, signal);
  }
}
