import { SteadyClient } from '@trunkmesh/event-log/steady-client.pg.js';
import { DataSource } from 'typeorm';
import { CallLog1795500000000 } from './call-log/migrations/1795500000000-call-log.migration.js';
import { CustomerInIndex1796000000000 } from './call-log/migrations/1796000000000-customer-in-index.migration.js';
import { Usage1795400000000 } from './usage/migrations/1795400000000-usage.migration.js';

/** Any constant that no other program of this database locks. */
const MIGRATION_LOCK = 7_305_119_228;

export interface PoolOptions {
  poolSize?: number;
  statementMs?: number;
}

/**
 * A pool onto billing-observer's own database. No query may hang for ever: behind a dead peer or a lock the batch is
 * given up and redelivered.
 */
export function createDataSource(url: string, { poolSize = 4, statementMs = 20_000 }: PoolOptions = {}): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    poolSize,
    migrations: [Usage1795400000000, CallLog1795500000000, CustomerInIndex1796000000000],
    migrationsTableName: 'migrations',
    applicationName: 'billing-observer',
    connectTimeoutMS: 5_000,
    // A connection that breaks while idle is not an event to die of: the next query reports it.
    poolErrorHandler: () => undefined,
    extra: {
      Client: SteadyClient,
      statement_timeout: statementMs,
      query_timeout: 1.25 * statementMs,
      idle_in_transaction_session_timeout: 20_000,
      keepAlive: true,
    },
  });
}

/** TypeORM runs migrations without a lock: two copies that start together would both create the tables. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'all' });
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
  }
}
