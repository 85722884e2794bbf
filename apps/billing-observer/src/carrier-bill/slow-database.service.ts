import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG } from '@trunkmesh/runtime/service.module.js';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { createDataSource } from '../database.pg.js';
import { Database } from '../database.service.js';

/** Sorting a million calls of a month takes the database longer than any request. */
const STATEMENT_MS = 300_000;

/** Connections for work that takes long, beside recording and answering. */
@Injectable()
export class SlowDatabase implements OnApplicationShutdown {
  readonly dataSource: DataSource;
  /** Settles when it can be used; never, where the service is stopped before. */
  readonly opened: Promise<DataSource>;
  private stopped = false;

  constructor(database: Database, @Inject(CONFIG) { DATABASE_URL }: Config) {
    this.dataSource = createDataSource(DATABASE_URL, { poolSize: 4, statementMs: STATEMENT_MS });
    this.opened = database.opened.then(() =>
      this.stopped ? new Promise<DataSource>(() => undefined) : this.dataSource.initialize(),
    );
    // Whoever needs it sees the error.
    this.opened.catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
