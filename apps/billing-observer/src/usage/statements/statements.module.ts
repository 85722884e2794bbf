import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../../config.js';
import { Database } from '../../database.service.js';
import { UsageAnswersModule } from '../answers/usage-answers.module.js';
import { UsageModule } from '../usage.module.js';
import { UsageRecording } from '../usage.service.js';
import { closeMonths } from './close-months.pg.js';
import { StatementsController } from './statements.controller.js';

const LOOK_MS = 10 * 60_000;
const RETRY_MS = 60_000;

/** Answers requests about statements, and closes months that are due while calls are being recorded. */
@Module({ imports: [UsageModule, UsageAnswersModule], controllers: [StatementsController] })
export class StatementsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRecording,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.usage.started.then(
      () => {
        this.running = this.run();
      },
      () => undefined,
    );
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const wait = await this.close(signal);
      await pause(wait, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async close(signal: AbortSignal): Promise<number> {
    try {
      const closeDays = this.config.USAGE_CLOSE_DAYS;
      const closed = await closeMonths(this.database.recording, { now: new Date(), closeDays, signal });
      if (closed > 0) this.logger.info({ statements: closed }, 'closed months of usage');
      return LOOK_MS;
    } catch (error) {
      if (!signal.aborted) this.logger.warn({ err: error }, 'cannot close months of usage; retrying');
      return RETRY_MS;
    }
  }
}
