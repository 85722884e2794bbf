import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { SteadyClient } from './steady-client.pg.js';

/** What is not in JetStream yet, or not known to be. Positions are bigints, kept as text. */
export interface OutboxEntry {
  position: string;
  id: string;
  subject: string;
  envelope: string;
}

/**
 * Up to which message, of which stream (by its time of creation), the outbox was compared with JetStream. `created`
 * null: never.
 */
export interface RelayPosition {
  created: string | null;
  sequence: number;
}

/**
 * The leader's own connection. The lock belongs to its session, and everything that a leader changes goes through it: a
 * leader that lost the lock has lost the connection with it, and can change nothing any more.
 */
export interface RelaySession {
  /** Resolves when the connection is gone, for whatever reason. */
  readonly lost: Promise<void>;
  tryLead(): Promise<boolean>;
  /**
   * Waits for the lock; on request the leader releases it between two batches. False: aborted while waiting.
   */
  lead(signal?: AbortSignal): Promise<boolean>;
  /** Somebody waits for the lock: an operator's command, which goes before. */
  isAskedToYield(): Promise<boolean>;
  position(): Promise<RelayPosition>;
  /** In one statement: removes what is in the stream, remembers how far, and reads what comes next. */
  settleAndNext(settled: { positions: string[]; at: RelayPosition }, limit: number): Promise<OutboxEntry[]>;
  /** Removes these events, found in the stream, and remembers how far it was compared. */
  settleById(ids: readonly string[], at: RelayPosition): Promise<void>;
  /** Queues the whole event store for publishing into an empty stream. */
  enqueueAll(at: RelayPosition): Promise<number>;
  /** How many events wait, counted up to a bound, and since when the oldest of them. */
  lag(): Promise<{ events: number; oldest: Date | null }>;
  readonly client: pg.Client;
  end(): Promise<void>;
}

/** Any number that nothing else of ours locks. */
export const RELAY_LOCK = 7_102_002;
/** Beyond it the exact number does not matter, and counting would be the load. */
const LAG_COUNTED = 100_000;
const QUERY_TIMEOUT_MS = 20_000;
const LOCK_NOT_AVAILABLE = '55P03';
const REPAIR_TIMEOUT_MS = 3_600_000;

/**
 * `idle_session_timeout` and the keepalives free the lock of a leader that was stopped or whose host vanished. Commits
 * need not be on disk before the next: a crash of PostgreSQL forgets the removal and the position together, and both
 * are compared again. The plans are made when the event store is small or has no statistics yet, and kept as long as
 * the connection: a scan of `events` that is cheap then would be run for each batch when there are millions.
 */
const SETTINGS = `
  select set_config(known.name, wanted.value, false)
  from (values ('synchronous_commit', 'off'), ('idle_session_timeout', '15000'), ('tcp_keepalives_idle', '5'),
    ('tcp_keepalives_interval', '2'),
    ('tcp_keepalives_count', '3'), ('statement_timeout', '${QUERY_TIMEOUT_MS}'), ('plan_cache_mode',
      'force_generic_plan'), ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off')) as
        wanted (name, value)
  join pg_settings as known on known.name = wanted.name`;

const ASKED_TO_YIELD = `
  select exists (
    select from pg_locks join pg_database on pg_database.oid = pg_locks.database
    where locktype = 'advisory' and datname = current_database() and classid = 0 and objid = $1 and objsubid = 1 and
      not granted
  ) as asked`;

const SETTLE_AND_NEXT = `
  with settled as (delete from outbox where position = any($1::bigint[])),
    moved as (update relay set stream_created = $2, stream_sequence = $3 where $3 > stream_sequence or stream_created
      is distinct from $2)
  select waiting.position, events.id, events.subject, events.envelope
  from (select position from outbox where position <> all($1::bigint[]) order by position limit $4) as waiting
  join events on events.position = waiting.position
  order by waiting.position`;

const SETTLE_BY_ID = `
  with settled as (delete from outbox using events where events.position = outbox.position and events.id =
    any($1::uuid[]))
  update relay set stream_created = $2, stream_sequence = $3`;

const ENQUEUE_ALL = `
  with enqueued as (insert into outbox (position) select position from events order by position on conflict do nothing)
  update relay set stream_created = $1, stream_sequence = $2`;

const LAG = `
  select count(*)::int as events, (select time from events where position = min(waiting.position)) as oldest
  from (select position from outbox order by position limit ${LAG_COUNTED}) as waiting`;

export async function openRelaySession(config: pg.ClientConfig): Promise<RelaySession> {
  const client = new SteadyClient({
    ...config,
    application_name: 'trunkmesh relay',
    connectionTimeoutMillis: 5_000,
    query_timeout: QUERY_TIMEOUT_MS + 1_000,
    keepAlive: true,
  });
  const lost = new Promise<void>((resolve) => {
    client.once('end', () => resolve());
    client.on('error', () => resolve());
  });
  await client.connect();
  await client.query(SETTINGS).catch(async (error: unknown) => {
    await client.end();
    throw error;
  });
  const long = (text: string, values: unknown[]) => patient(client, text, values);
  return {
    lost,
    client,
    tryLead: async () =>
      (await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [RELAY_LOCK])).rows[0]!.leads,
    lead: (signal) => waitForLead(client, signal),
    isAskedToYield: async () =>
      (await client.query<{ asked: boolean }>({ name: 'asked', text: ASKED_TO_YIELD, values: [RELAY_LOCK] })).rows[0]!
        .asked,
    position: async () => {
      const { rows } = await client.query<{ stream_created: string | null; stream_sequence: string }>(
        'select stream_created, stream_sequence from relay',
      );
      return { created: rows[0]!.stream_created, sequence: Number(rows[0]!.stream_sequence) };
    },
    settleAndNext: async ({ positions, at }, limit) =>
      (
        await client.query<OutboxEntry>({
          name: 'settle',
          text: SETTLE_AND_NEXT,
          values: [positions, at.created, at.sequence, limit],
        })
      ).rows,
    settleById: async (ids, at) => {
      await long(SETTLE_BY_ID, [ids, at.created, at.sequence]);
    },
    enqueueAll: async (at) => {
      await long(ENQUEUE_ALL, [at.created, at.sequence]);
      return Number((await long('select count(*) as events from outbox', [])).rows[0]!.events);
    },
    lag: async () => (await client.query<{ events: number; oldest: Date | null }>({ name: 'lag', text: LAG })).rows[0]!,
    end: () => client.end(),
  };
}

/**
 * Asks again every two seconds, so that it can be stopped. In between it waits in PostgreSQL's lock queue, where the
 * leader sees it.
 */
async function waitForLead(client: pg.Client, signal?: AbortSignal): Promise<boolean> {
  await client.query("set lock_timeout = '2s'");
  try {
    while (!signal?.aborted) {
      const leads = await client.query('select pg_advisory_lock($1)', [RELAY_LOCK]).then(
        () => true,
        (error: unknown) => {
          if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
          throw error;
        },
      );
      if (leads) return true;
    }
    return false;
  } finally {
    await client.query('set lock_timeout = 0');
  }
}

/** For statements whose cost grows with the whole event store. */
export async function patient(client: pg.Client, text: string, values: unknown[]): Promise<pg.QueryResult> {
  await client.query(`set statement_timeout = ${REPAIR_TIMEOUT_MS}`);
  try {
    return await client.query({ text, values, query_timeout: REPAIR_TIMEOUT_MS } as pg.QueryConfig);
  } finally {
    await client.query(`set statement_timeout = ${QUERY_TIMEOUT_MS}`).catch(() => undefined);
  }
}

/** The database of a DataSource, for a connection outside of its pool. */
export function clientConfig({ options }: Pick<DataSource, 'options'>): pg.ClientConfig {
  if (options.type !== 'postgres') throw new TypeError(`the event store is in PostgreSQL, not in ${options.type}`);
  const { url, host, port, username, password, database, ssl } = options;
  return {
    connectionString: url,
    host,
    port,
    user: username,
    password: password as pg.ClientConfig['password'],
    database,
    ssl: ssl as pg.ClientConfig['ssl'],
  };
}
