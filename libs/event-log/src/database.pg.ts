import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { clientConfig } from './relay-session.pg.js';
import { SteadyClient } from './steady-client.pg.js';

export interface DatabaseOptions {
  url: string;
  /** `application_name` of its connections. */
  application: string;
  poolSize: number;
  connectMs: number;
  /** The longest that one statement may take. */
  statementMs: number;
  /** The longest that a transaction may wait for its next statement. */
  idleMs: number;
  /** Statements that do not need an earlier answer are sent without waiting for it. */
  pipeline?: boolean;
  entities: readonly (new () => object)[];
  migrations: readonly (new () => MigrationInterface)[];
  /** PostgreSQL ended a connection that nobody used; the pool opens another when it needs one. */
  onIdleError?: (error: Error) => void;
}

/** A pool that is not connected yet. No query may wait without an end: behind a dead peer or a lock it is refused. */
export function createDatabase(options: DatabaseOptions): DataSource {
  const { url, application, statementMs, onIdleError = () => undefined } = options;
  return new DataSource({
    type: 'postgres',
    url,
    poolSize: options.poolSize,
    connectTimeoutMS: options.connectMs,
    applicationName: application,
    entities: [...options.entities] as (new () => object)[] | EntitySchema[],
    migrations: [...options.migrations],
    migrationsTableName: 'migrations',
    synchronize: false,
    logging: false,
    poolErrorHandler: onIdleError,
    extra: {
      Client: SteadyClient,
      pipeline: options.pipeline ?? false,
      keepAlive: true,
      statement_timeout: statementMs,
      query_timeout: statementMs + 1_000,
      idle_in_transaction_session_timeout: options.idleMs,
    },
  });
}

/** Any number that nothing else of ours locks in these databases; the relay's leader has another one. */
const MIGRATION_LOCK = 7_102_001;
const LOCK_CONNECT_MS = 2_000;

/**
 * Brings the tables up to date. TypeORM migrates without a lock; of several replicas that start together one migrates,
 * and the others wait for it and find nothing left to do. The lock uses a dedicated connection, because it belongs to a
 * session and the pool may hand out any connection.
 */
export async function migrate(dataSource: DataSource, logger: Logger): Promise<void> {
  const client = new SteadyClient({
    ...clientConfig(dataSource),
    connectionTimeoutMillis: LOCK_CONNECT_MS,
    application_name: 'migrations',
  });
  client.on('error', (error) =>
    logger.warn({ err: { message: error.message } }, "the migrations' connection was lost"),
  );
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const done = await dataSource.runMigrations({ transaction: 'each' });
    if (done.length > 0) logger.info({ migrations: done.map(({ name }) => name) }, 'migrated the database');
  } finally {
    await client.end();
  }
}
