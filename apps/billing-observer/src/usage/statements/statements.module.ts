import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../../config.js';
import { Database } from '../../database.service.js';
import { UsageAnswersModule } from '../answers/usage-answers.module.js';
import { UsageModule } from '../usage.module.js';
import { UsageRecording } from '../usage.service.js';
import { whileRecording, type Repeating } from '../while-recording.process.js';
import { closeMonths } from './close-months.pg.js';
import { StatementsController } from './statements.controller.js';

const LOOK_MS = 10 * 60_000;
const RETRY_MS = 60_000;

/** Answers requests about statements, and closes months that are due while calls are being recorded. */
@Module({ imports: [UsageModule, UsageAnswersModule], controllers: [StatementsController] })
export class StatementsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private closing: Repeating | undefined;

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRecording,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.closing = whileRecording({
      started: this.usage.started,
      turn: (_nc, signal) => this.close(signal),
      everyMs: LOOK_MS,
      retryMs: RETRY_MS,
      logger: this.logger,
      failed: 'cannot close months of usage; retrying',
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.closing?.stop();
  }

  private async close(signal: AbortSignal): Promise<void> {
    const closeDays = this.config.USAGE_CLOSE_DAYS;
    const closed = await closeMonths(this.database.recording, { now: new Date(), closeDays, signal });
    if (closed > 0) this.logger.info({ statements: closed }, 'closed months of usage');
  }
}
