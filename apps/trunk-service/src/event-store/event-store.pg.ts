import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { createDatabase, migrate } from '@trunkmesh/event-log/database.pg.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type pg from 'pg';
import type { DataSource, EntityManager, MigrationInterface } from 'typeorm';
import type { Quotas } from './quotas.pg.js';
import { startSlices } from '../slices.process.js';
import { connectionQueue } from './connection-queue.process.js';
import { ask } from './prepared.pg.js';
import { databaseFailure, databaseUnavailable } from './database-failure.pg.js';

export interface EventStoreOptions {
  url: string;
  poolSize: number;
  /** CloudEvents `source` of what is written here. */
  source: string;
  entities: readonly (new () => object)[];
  migrations: readonly (new () => MigrationInterface)[];
  /**
   * Keys the fingerprints of requests: a plain hash of a body with a password in it could be searched for the
   * password. The same in every copy.
   */
  fingerprintKey: string;
  logger: Logger;
  /** Undefined: nothing is limited. */
  quotas?: Quotas;
}

/**
 * The connection to the event store. While it is down, whatever needs it fails with `record-unavailable`; it works
 * again when the database is back.
 */
export interface EventStore {
  readonly source: string;
  readonly logger: Logger;
  readonly quotas: Quotas | undefined;
  /** Settles when the database was reached and migrated for the first time. */
  readonly opened: Promise<DataSource>;
  /** `up`, or why not. */
  health(): Promise<string>;
  /** Rows as pg gives them. Outside of a transaction: for reads. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** Rows of plain tables by their entities, one statement after the other. Outside of a transaction. */
  entities<R>(work: (manager: EntityManager) => Promise<R>): Promise<R>;
  /** One attempt at a transaction, without retries: handle.pg.ts is the way of a command. */
  transaction<R>(work: (manager: EntityManager) => Promise<R>): Promise<R>;
  /** Of all the pieces together, however they are cut. */
  fingerprint(pieces: Iterable<string>): Promise<Buffer>;
  /** Called after each commit that wrote events. */
  afterCommit(listener: () => void): void;
  committed(): void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const HEALTH_TIMEOUT_MS = 2_000;
const AWAY = 'PostgreSQL cannot be reached';
/** For a free connection, while the database answers. */
const TURN_TIMEOUT_MS = 10_000;
/** A single statement; a bulk import writes many. A server that does not answer this long is taken for dead. */
const STATEMENT_TIMEOUT_MS = 15_000;

export function openEventStore(options: EventStoreOptions): EventStore {
  const { logger } = options;
  const dataSource = createDatabase({
    url: options.url,
    application: options.source,
    poolSize: options.poolSize,
    connectMs: CONNECT_TIMEOUT_MS,
    statementMs: STATEMENT_TIMEOUT_MS,
    idleMs: STATEMENT_TIMEOUT_MS,
    // BEGIN, the events and their read model are one round trip.
    pipeline: true,
    entities: options.entities,
    migrations: options.migrations,
    onIdleError: (error) => logger.warn({ err: { message: error.message } }, 'PostgreSQL closed an idle connection'),
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
  const queue = connectionQueue({
    connections: options.poolSize,
    deadlineMs: TURN_TIMEOUT_MS,
    refusal: databaseUnavailable,
  });
  const inTurn = async <R>(work: () => Promise<R>): Promise<R> => {
    if (!usable) throw databaseUnavailable();
    const leave = await queue.enter();
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError && error.code === 'record-unavailable') queue.refuseAll();
      throw error;
    } finally {
      leave();
    }
  };

  return {
    source: options.source,
    logger,
    quotas: options.quotas,
    opened,
    health: () =>
      Promise.race([
        inTurn(() => query(dataSource, 'select 1')).then(
          () => 'up',
          () => (usable ? AWAY : 'PostgreSQL has not been reached yet, or is being migrated'),
        ),
        pause(HEALTH_TIMEOUT_MS, AWAY, { ref: false }),
      ]),
    query: <Row>(sql: string, parameters?: unknown[]) =>
      inTurn(() => query(dataSource, sql, parameters) as Promise<Row[]>),
    entities: (work) => inTurn(() => onConnection(dataSource, work)),
    transaction: (work) =>
      inTurn(() => onConnection(dataSource, (manager, client) => inTransaction(client, () => work(manager)))),
    fingerprint: (pieces) => fingerprint(`trunkmesh fingerprint ${options.fingerprintKey}`, pieces),
    afterCommit: (listener) => {
      listeners.push(listener);
    },
    committed: () => {
      for (const listener of listeners) listener();
    },
    close: async () => {
      closing.abort();
      await opened.catch(() => undefined);
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}

async function fingerprint(key: string, pieces: Iterable<string>): Promise<Buffer> {
  const hmac = createHmac('sha256', key);
  const slices = startSlices();
  for (const piece of pieces) {
    hmac.update(piece);
    if (slices.isOver()) await slices.breathe();
  }
  return hmac.digest();
}

/** The database may come up after us: keep trying, answering `record-unavailable` meanwhile. */
async function open(dataSource: DataSource, { logger }: EventStoreOptions, signal: AbortSignal): Promise<DataSource> {
  for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
    signal.throwIfAborted();
    try {
      if (!dataSource.isInitialized) await dataSource.initialize();
      await migrate(dataSource, logger);
      return dataSource;
    } catch (error) {
      logger.warn({ err: { message: (error as Error).message } }, 'cannot open the database; trying again');
      await pause(wait, undefined, { signal });
    }
  }
}

/** Straight from the pool: a request asks at least once, and TypeORM's own query costs more than the question. */
async function query(dataSource: DataSource, sql: string, parameters: unknown[] = []): Promise<unknown[]> {
  const { master } = dataSource.driver as unknown as { master: pg.Pool };
  const client = await master.connect().catch(unavailable);
  let lost = false;
  try {
    return (await ask(client, sql, parameters)).rows;
  } catch (error) {
    lost = databaseFailure(error).kind === 'unavailable';
    throw lost ? databaseUnavailable() : error;
  } finally {
    client.release(lost);
  }
}

/** A connection for the statements of `work`; given up where one of them did not come back from PostgreSQL. */
async function onConnection<R>(
  dataSource: DataSource,
  work: (manager: EntityManager, client: pg.PoolClient) => Promise<R>,
): Promise<R> {
  const runner = dataSource.createQueryRunner();
  const client = (await runner.connect().catch(unavailable)) as pg.PoolClient;
  try {
    return await work(runner.manager, client);
  } catch (error) {
    if (databaseFailure(error).kind !== 'unavailable') throw error;
    abandon(client);
    throw databaseUnavailable();
  } finally {
    await runner.release();
  }
}

async function inTransaction<R>(client: pg.PoolClient, work: () => Promise<R>): Promise<R> {
  // Goes out with the first statements: nobody has to wait for its answer.
  gatherWrites(client);
  const begun = ask(client, 'BEGIN');
  begun.catch(() => undefined);
  try {
    const result = await work();
    await begun;
    const { command } = await ask(client, 'COMMIT');
    // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and calls that success.
    if (command !== 'COMMIT') throw new TypeError('PostgreSQL rolled back the transaction: a statement in it failed');
    return result;
  } catch (error) {
    if (databaseFailure(error).kind !== 'unavailable') await ask(client, 'ROLLBACK');
    throw error;
  }
}

interface Wire {
  connection?: { stream?: { cork(): void; uncork(): void; destroy(): void } };
}

/**
 * One packet and one system call for the statements of this turn of the event loop; each costs as much as everything
 * else that we do for it.
 */
function gatherWrites(client: pg.PoolClient): void {
  const stream = (client as unknown as Wire).connection?.stream;
  stream?.cork();
  setImmediate(() => stream?.uncork());
}

function unavailable(): never {
  throw databaseUnavailable();
}

/**
 * A connection that a statement did not come back from must not go to the next request: pg would queue that behind the
 * lost one.
 */
function abandon(client: pg.PoolClient): void {
  (client as unknown as Wire).connection?.stream?.destroy();
}
