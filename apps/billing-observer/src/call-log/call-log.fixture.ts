import pino from 'pino';
import type { Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { createDataSource, type PoolOptions } from '../database.pg.js';
import { recordMessages } from '../usage/record-messages.pg.js';
import type { RecordedBatch } from '../usage/usage-store.pg.js';

const MIGRATED = 'migrated';
let databases = 0;
/** Migrating takes most of the time of many a file, so that each server does it once. */
const migrated = new WeakMap<Postgres, Promise<void>>();

/** A new, migrated database. */
export async function freshDatabase(
  postgres: Postgres,
  options: PoolOptions = {},
): Promise<{ url: string; db: DataSource }> {
  if (!migrated.has(postgres)) migrated.set(postgres, makeMigrated(postgres));
  await migrated.get(postgres);
  const url = await postgres.createDatabase(`call_log_${(databases += 1)}`, MIGRATED);
  return { url, db: await createDataSource(url, options).initialize() };
}

async function makeMigrated(postgres: Postgres): Promise<void> {
  const db = await createDataSource(await postgres.createDatabase(MIGRATED)).initialize();
  try {
    await migrate(db, pino({ level: 'silent' }));
  } finally {
    await db.destroy();
  }
}

/** As the recorder does with what it was delivered, in the month of the samples. */
export function record(
  db: DataSource,
  events: readonly CallEvent[],
  first = 1,
  now = new Date('2026-11-26T00:00:00.000Z'),
): Promise<RecordedBatch> {
  const messages = events.map((event, index) => ({
    subject: event.subject,
    sequence: first + index,
    payload: new TextEncoder().encode(JSON.stringify(event)),
  }));
  return recordMessages(db, messages, () => now);
}

/** The same for events of the present, whenever a test runs. */
export const recordNow = (db: DataSource, events: readonly CallEvent[]): Promise<RecordedBatch> =>
  record(db, events, 1, new Date());

/** Every byte of the read model. */
export const dump = async (db: DataSource): Promise<string[]> =>
  ((await db.query('SELECT row::text AS row FROM call_log AS row ORDER BY 1')) as { row: string }[]).map(
    ({ row }) => row,
  );

/** Only without its triggers does the database empty the ledger. */
export const emptied = (db: DataSource): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    await tx.query('TRUNCATE call_log, calls, ledger_entries, ledger_calls, usage_days, bridge_progress, unreadable');
  });
