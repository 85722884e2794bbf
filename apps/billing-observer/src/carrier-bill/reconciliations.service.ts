import { Inject, Injectable, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { createDataSource } from '../database.pg.js';
import { Database } from '../database.service.js';
import { startReconciliationWorker, type ReconciliationWorker } from './reconciliation-worker.pg.js';

/** Sorting a million calls of a month takes the database longer than any request. */
const STATEMENT_MS = 300_000;

/** Compares files beside recording and answering, on connections of its own. */
@Injectable()
export class Reconciliations implements OnModuleDestroy, OnApplicationShutdown {
  private readonly db: DataSource;
  private worker: ReconciliationWorker | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) { DATABASE_URL }: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.db = createDataSource(DATABASE_URL, { poolSize: 2, statementMs: STATEMENT_MS });
    void this.start();
  }

  wake(): void {
    this.worker?.wake();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.worker?.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.db.isInitialized) await this.db.destroy();
  }

  private async start(): Promise<void> {
    await this.database.opened;
    if (this.stopped) return;
    await this.db.initialize();
    if (!this.stopped) this.worker = startReconciliationWorker(this.db, this.logger);
  }
}
