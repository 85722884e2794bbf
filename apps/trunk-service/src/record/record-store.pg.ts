import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { DataSource, type EntityManager, type MigrationInterface, type QueryRunner } from 'typeorm';
import { migrate } from './migrate.pg.js';
import { recordFailure, recordUnavailable } from './record-failure.pg.js';

export interface RecordOptions {
  url: string;
  poolSize: number;
  /** CloudEvents `source` of what is written here. */
  source: string;
  migrations: readonly (new () => MigrationInterface)[];
  /** Keys the fingerprints of requests: a plain hash of a body with a password in it could be searched for the password. The same in every copy. */
  fingerprintKey: string;
  logger: Logger;
}

/** The connection to the record. It may be away at any time: what needs it then fails with `record-unavailable`, and works again when it is back. */
export interface RecordStore {
  readonly source: string;
  readonly logger: Logger;
  /** Settles when the record was reached and migrated for the first time. */
  readonly opened: Promise<DataSource>;
  /** `up`, or why not. */
  health(): Promise<string>;
  /** Rows as pg gives them. Outside of a transaction: for reads. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** One attempt at a transaction, without retries: handle.pg.ts is the way of a command. */
  transaction<R>(work: (manager: EntityManager) => Promise<R>): Promise<R>;
  fingerprint(text: string): Buffer;
  /** Called after each commit that wrote events. */
  afterCommit(listener: () => void): void;
  committed(): void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
/** A single statement; a bulk import writes many. A server that does not answer this long is taken for dead. */
const STATEMENT_TIMEOUT_MS = 15_000;

export function openRecord(options: RecordOptions): RecordStore {
  const { logger } = options;
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    poolSize: options.poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    applicationName: options.source,
    migrations: [...options.migrations],
    migrationsTableName: 'migrations',
    synchronize: false,
    logging: false,
    extra: {
      keepAlive: true,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    },
    // An idle connection that PostgreSQL closed: the pool opens another when it needs one.
    poolErrorHandler: (error: Error) => logger.warn({ err: { message: error.message } }, 'the record closed a connection'),
  });
  const listeners: (() => void)[] = [];
  const closing = new AbortController();
  // Reached is not enough: until it is migrated there are no tables to ask.
  let usable = false;
  const opened = open(dataSource, options, closing.signal).then((migrated) => {
    usable = true;
    return migrated;
  });
  opened.catch(() => undefined);
  const connected = <R>(work: (runner: QueryRunner) => Promise<R>): Promise<R> => (usable ? inConnection(dataSource, work) : Promise.reject(recordUnavailable()));

  return {
    source: options.source,
    logger,
    opened,
    health: () => connected((runner) => runner.query('select 1')).then(() => 'up', () => (usable ? 'PostgreSQL cannot be reached' : 'PostgreSQL was not reached yet, or is being migrated')),
    query: <Row>(sql: string, parameters?: unknown[]) => connected((runner) => runner.query(sql, parameters) as Promise<Row[]>),
    transaction: (work) => connected((runner) => transaction(runner, work)),
    fingerprint: (text) => createHmac('sha256', `trunkmesh fingerprint ${options.fingerprintKey}`).update(text).digest(),
    afterCommit: (listener) => { listeners.push(listener); },
    committed: () => { for (const listener of listeners) listener(); },
    close: async () => {
      closing.abort();
      await opened.catch(() => undefined);
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}

/** The record may come up after us: keep trying, answering `record-unavailable` meanwhile. */
async function open(dataSource: DataSource, { url, logger }: RecordOptions, signal: AbortSignal): Promise<DataSource> {
  for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
    signal.throwIfAborted();
    try {
      if (!dataSource.isInitialized) await dataSource.initialize();
      await migrate(dataSource, url, logger);
      return dataSource;
    } catch (error) {
      logger.warn({ err: { message: (error as Error).message } }, 'the record is not there yet');
      await pause(wait, undefined, { signal });
    }
  }
}

async function inConnection<R>(dataSource: DataSource, work: (runner: QueryRunner) => Promise<R>): Promise<R> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.connect();
  } catch {
    // The runner holds nothing when the pool gave it nothing.
    throw recordUnavailable();
  }
  try {
    return await work(runner);
  } catch (error) {
    if (recordFailure(error).kind !== 'unavailable') throw error;
    abandon(runner);
    throw recordUnavailable();
  } finally {
    await runner.release();
  }
}

async function transaction<R>(runner: QueryRunner, work: (manager: EntityManager) => Promise<R>): Promise<R> {
  await runner.startTransaction();
  try {
    const result = await work(runner.manager);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    if (recordFailure(error).kind !== 'unavailable' && runner.isTransactionActive) await runner.rollbackTransaction();
    throw error;
  }
}

/** A connection that a statement did not come back from must not go to the next request: pg would queue that behind the lost one. */
function abandon(runner: QueryRunner): void {
  const { databaseConnection } = runner as unknown as { databaseConnection?: { connection?: { stream?: { destroy(): void } } } };
  databaseConnection?.connection?.stream?.destroy();
}
