import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { Database } from '../database.service.js';
import { UsageModule } from '../usage/usage.module.js';
import { UsageRecording } from '../usage/usage.service.js';
import { closeLostCalls, lookForBridges } from './close-lost.nats.js';

/** The ends of calls are estimated by the latest heartbeat, so it is noted this often. */
const LOOK_MS = 10_000;
const CLOSE_LOOKS = 6;
const LOST_MS = 24 * 3_600_000;
/** This copy has to have looked for heartbeats for so long: it may have been away itself, or NATS. */
const SETTLED_LOOKS = 90;

/** Ends answered calls of bridges that never come back. */
@Module({ imports: [UsageModule] })
export class LostCallsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRecording,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.usage.started.then(
      (nc) => {
        this.running = this.run(nc);
      },
      () => undefined,
    );
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(nc: NatsConnection): Promise<void> {
    const { signal } = this.stopping;
    const options = { nc, dataSource: this.database.recording, logger: this.logger, lostMs: LOST_MS };
    for (let looks = 0; !signal.aborted;) {
      try {
        await lookForBridges(options, signal);
        looks += 1;
        if (looks >= SETTLED_LOOKS && looks % CLOSE_LOOKS === 0) await closeLostCalls(options);
      } catch (error) {
        looks = 0;
        if (!signal.aborted) this.logger.warn({ err: error }, 'cannot look for calls of lost bridges; retrying');
      }
      await pause(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
