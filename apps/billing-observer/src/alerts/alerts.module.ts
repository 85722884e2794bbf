import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Config } from '../config.js';
import { Database } from '../database.service.js';
import { UsageModule } from '../usage/usage.module.js';
import { UsageRecording } from '../usage/usage.service.js';
import { publishAlerts } from './alert-publisher.nats.js';
import { evaluateUsage } from './evaluate.pg.js';

/** How often a copy looks whether it is its turn, and publishes what another one left. */
const LOOK_MS = 5_000;

/** Raises alerts about unusual usage while calls are being recorded. */
@Module({ imports: [UsageModule] })
export class AlertsModule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly usage: UsageRecording,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.ALERT_EVERY_SECONDS === 0) return;
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
    while (!signal.aborted) {
      try {
        await this.look(nc);
      } catch (error) {
        if (!signal.aborted) this.logger.warn({ err: error }, 'cannot look for unusual usage; retrying');
      }
      await pause(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async look(nc: NatsConnection): Promise<void> {
    const { ALERT_EVERY_SECONDS, ALERT_MINUTES, ALERT_AMOUNT, ALERT_COUNTRIES } = this.config;
    const raised = await evaluateUsage(
      this.database.recording,
      {
        everySeconds: ALERT_EVERY_SECONDS,
        seconds: BigInt(Math.round(ALERT_MINUTES * 60)),
        amountMicros: ALERT_AMOUNT,
        countries: ALERT_COUNTRIES,
      },
      new Date(),
    );
    if (raised !== undefined && raised > 0) this.logger.info({ alerts: raised }, 'raised usage alerts');
    await publishAlerts(this.database.recording, nc);
  }
}
