import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { CONFIG, LOGGER, type Readiness } from '@trunkmesh/runtime/service.module.js';
import { startFilling, type Filling } from '../call-log/filling.process.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { createDataSource } from '../database.pg.js';
import type { Config } from '../config.js';
import { startConfirmations, type Confirmations } from './confirmation.nats.js';
import { startUsageRecorder, type UsageRecorder } from './usage-recorder.nats.js';

const RETRY_MS = 1_000;

/** Brings the observer up, in whatever order its servers appear, and takes it down again. */
@Injectable()
export class UsageService implements OnModuleInit, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly dataSource: DataSource;
  /** Requests to the call log have connections of their own, and less time. */
  readonly callLog: DataSource;
  private nc: NatsConnection | undefined;
  private confirmations: Confirmations | undefined;
  private recorder: UsageRecorder | undefined;
  private filling: Filling | undefined;
  private starting: Promise<NatsConnection> | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.dataSource = createDataSource(config.DATABASE_URL);
    this.callLog = createDataSource(config.DATABASE_URL, { poolSize: 2, statementMs: 3_000 });
  }

  /** Not awaited: the ops server answers from the first moment, whatever is not there yet. */
  onModuleInit(): void {
    this.starting = this.start();
    this.starting.catch((error: unknown) => {
      if (!this.stopping.signal.aborted) throw error;
    });
  }

  /** Settles when the database and NATS are there; never while they are not. */
  async ready(): Promise<NatsConnection> {
    if (this.starting === undefined) throw new Error('the service is not initialised');
    return this.starting;
  }

  /** Bytes; undefined without a connection. */
  maxPayload(): number | undefined {
    return this.nc?.info?.max_payload;
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.filling?.stop();
    await this.recorder?.stop();
    await this.confirmations?.stop();
    await this.nc?.drain().catch(() => undefined);
    if (this.nc !== undefined) await this.starting?.catch(() => undefined);
    for (const pool of [this.callLog, this.dataSource]) if (pool.isInitialized) await pool.destroy();
  }

  async readiness(): Promise<Readiness> {
    const nats =
      this.nc === undefined || this.nc.isClosed()
        ? 'not connected'
        : await this.nc.rtt().then(
            () => 'up',
            () => 'does not answer',
          );
    const database = !this.dataSource.isInitialized
      ? 'not connected'
      : await this.dataSource.query('SELECT 1').then(
          () => 'up',
          () => 'does not answer',
        );
    return { nats, database, calls: this.recorder === undefined ? 'not started' : (this.recorder.trouble() ?? 'up') };
  }

  private async start(): Promise<NatsConnection> {
    await this.persistently('PostgreSQL', async () => {
      if (!this.dataSource.isInitialized) await this.dataSource.initialize();
      await migrate(this.dataSource, this.logger);
      if (!this.callLog.isInitialized) await this.callLog.initialize();
    });
    const nc = await connectNats(this.config.NATS_URL, { name: 'billing-observer', logger: this.logger });
    this.nc = nc;
    await this.persistently('JetStream', () => ensureStreams(nc));
    this.stopping.signal.throwIfAborted();
    const { dataSource, logger } = this;
    this.confirmations = startConfirmations({ nc, dataSource, logger });
    this.recorder = startUsageRecorder({ nc, dataSource, logger, confirmations: this.confirmations });
    this.filling = startFilling({ dataSource, logger });
    return nc;
  }

  private async persistently(name: string, attempt: () => Promise<unknown>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await attempt();
        return;
      } catch (error) {
        this.logger.warn({ err: error }, `${name} is not usable yet; trying again`);
        await sleep(RETRY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }
}
