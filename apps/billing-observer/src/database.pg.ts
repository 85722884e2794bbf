import { DataSource } from 'typeorm';
import { Usage1795400000000 } from './usage/migrations/1795400000000-usage.migration.js';

/** Any constant that no other program of this database locks. */
const MIGRATION_LOCK = 7_305_119_228;

/** A pool onto billing-observer's own database. No query may hang for ever: behind a dead peer or a lock the batch is given up and redelivered. */
export function createDataSource(url: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    poolSize: 4,
    migrations: [Usage1795400000000],
    migrationsTableName: 'migrations',
    applicationName: 'billing-observer',
    connectTimeoutMS: 5_000,
    // A connection that breaks while idle is not an event to die of: the next query reports it.
    poolErrorHandler: () => undefined,
    extra: { statement_timeout: 20_000, query_timeout: 25_000, idle_in_transaction_session_timeout: 20_000, keepAlive: true },
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
