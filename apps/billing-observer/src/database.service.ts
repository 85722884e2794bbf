import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { createDataSource } from './database.pg.js';

const RETRY_MS = 1_000;

/** billing-observer's database, whenever PostgreSQL can be reached. */
@Injectable()
export class Database implements OnModuleDestroy, OnApplicationShutdown {
  readonly recording: DataSource;
  /** Requests to the call log have connections of their own, and less time. */
  readonly callLog: DataSource;
  /** Settles when the database is connected and migrated; never, where the service is stopped before. */
  readonly opened: Promise<void>;
  private readonly stopping = new AbortController();

  constructor(
    @Inject(CONFIG) { DATABASE_URL }: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.recording = createDataSource(DATABASE_URL);
    this.callLog = createDataSource(DATABASE_URL, { poolSize: 2, statementMs: 3_000 });
    this.opened = this.open();
  }

  /** `up`, or why not. */
  async state(): Promise<string> {
    if (!this.recording.isInitialized) return 'not connected';
    return this.recording.query('SELECT 1').then(
      () => 'up',
      () => 'does not answer',
    );
  }

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  async onApplicationShutdown(): Promise<void> {
    for (const pool of [this.callLog, this.recording]) if (pool.isInitialized) await pool.destroy();
  }

  private async open(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (!this.recording.isInitialized) await this.recording.initialize();
        await migrate(this.recording, this.logger);
        if (!this.callLog.isInitialized) await this.callLog.initialize();
        return;
      } catch (error) {
        this.logger.warn({ err: error }, 'PostgreSQL is not usable yet; retrying');
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    return new Promise(() => undefined);
  }
}
