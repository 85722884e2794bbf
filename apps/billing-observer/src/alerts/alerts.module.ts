import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { Database } from '../database.service.js';
import { everyOne } from '../every-one.js';
import { UsageModule } from '../usage/usage.module.js';
import { UsageRecording } from '../usage/usage.service.js';
import { whileRecording, type Repeating } from '../usage/while-recording.process.js';
import { noteSetbacks } from './alert-metrics.otel.js';
import { publishAlerts } from './alert-publisher.nats.js';
import { evaluateUsage } from './evaluate.pg.js';
import { countSetbacks } from './setbacks.pg.js';

/** How often a copy looks whether it is its turn, and publishes what another one left. */
const LOOK_MS = 5_000;

/** Raises alerts about unusual usage while calls are being recorded. */
@Module({ imports: [UsageModule] })
export class AlertsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private looking: Repeating | undefined;

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRecording,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.ALERT_EVERY_SECONDS === 0) return;
    this.looking = whileRecording({
      started: this.usage.started,
      turn: (nc) => this.look(nc),
      everyMs: LOOK_MS,
      logger: this.logger,
      failed: 'cannot look for unusual usage; retrying',
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.looking?.stop();
  }

  /** What is in the outbox is published also where nothing can be evaluated. */
  private async look(nc: NatsConnection): Promise<void> {
    const { recording } = this.database;
    const steps = [
      () => this.evaluate(),
      () => publishAlerts(recording, nc),
      async () => {
        noteSetbacks(await countSetbacks(recording));
        return 0;
      },
    ];
    await everyOne(steps, { what: 'usage alerts' }, (step) => step());
  }

  private async evaluate(): Promise<number> {
    const { ALERT_EVERY_SECONDS, ALERT_MINUTES, ALERT_AMOUNT, ALERT_COUNTRIES } = this.config;
    const raised = await evaluateUsage(
      this.database.recording,
      {
        everySeconds: ALERT_EVERY_SECONDS,
        seconds: BigInt(Math.round(ALERT_MINUTES * 60)),
        amountMicros: ALERT_AMOUNT,
        countries: ALERT_COUNTRIES,
        onTrouble: (error, organization_id) =>
          this.logger.warn({ err: error, organization_id }, 'cannot look for unusual usage of an organisation'),
      },
      new Date(),
    );
    if (raised !== undefined && raised > 0) this.logger.info({ alerts: raised }, 'raised usage alerts');
    return raised ?? 0;
  }
}
