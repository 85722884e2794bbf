import { setTimeout as pause } from 'node:timers/promises';
import { readEvents } from '@trunkmesh/event-log/stored-events.pg.js';
import type { DataSource, QueryRunner } from 'typeorm';
import { READ_MODEL_MIGRATIONS } from '../migrations.pg.js';
import { READ_MODELS } from '../read-models.pg.js';
import { projectEvents } from '../event-store/handle.pg.js';
import { databaseFailure } from '../event-store/database-failure.pg.js';
import type { Running } from '@trunkmesh/runtime/operator-command.process.js';

/** The new tables grow here, beside the old ones that the service goes on using. */
const SCHEMA = 'rebuild';
/** Any number that nothing else of ours locks. */
const REBUILD_LOCK = 7_102_004;
const EVENTS_PER_BATCH = 2_000;
const ATTEMPTS = 20;
const TABLES = READ_MODELS.flatMap(({ tables }) => tables);
const PUBLIC_TABLES = TABLES.map((table) => `public.${table}`).join(', ');

export interface Rebuilt {
  events: number;
  tables: readonly string[];
}

/**
 * Rebuilds every read model from the events, while the service runs. First from the events that are there, into a
 * schema of its own; then, with writers held for a moment, from what came meanwhile; then the new tables take the old
 * ones' place in one transaction. Stopped or killed before that, it has changed nothing.
 */
export async function rebuild(dataSource: DataSource, running: Running): Promise<Rebuilt> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    const [lock] = (await runner.query('select pg_try_advisory_lock($1) as mine', [REBUILD_LOCK])) as [
      { mine: boolean },
    ];
    if (!lock.mine) throw new Error('another rebuild is under way');
    const until = await fill(dataSource, runner, running);
    const late = await takeOver(runner, until.position);
    return { events: until.events + late, tables: TABLES };
  } finally {
    // After the last statement of whatever happened; an own session of the pool must not keep the path or the lock.
    await cleanUp(runner);
    await runner.release();
  }
}

async function cleanUp(runner: QueryRunner): Promise<void> {
  try {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    await runner.query(`reset search_path`);
    await runner.query(`drop schema if exists ${SCHEMA} cascade`);
    await runner.query('select pg_advisory_unlock($1)', [REBUILD_LOCK]);
  } catch {
    // The connection is gone; with it the lock. The schema is dropped by the next rebuild.
  }
}

/**
 * In a snapshot that was taken while nobody was writing: what it does not see has a higher position than everything
 * that it sees.
 */
async function fill(
  dataSource: DataSource,
  runner: QueryRunner,
  { signal, progress }: Running,
): Promise<{ position: number; events: number }> {
  await runner.query(`drop schema if exists ${SCHEMA} cascade`);
  await runner.query(`create schema ${SCHEMA}`);
  await runner.query(`set search_path = ${SCHEMA}, public`);
  for (const migration of READ_MODEL_MIGRATIONS) await new migration().up(runner);
  const { position, total } = await snapshotBetweenWriters(dataSource, runner);
  await runner.query('set constraints all deferred');
  let events = 0;
  for await (const batch of readEvents(runner.manager, { batch: EVENTS_PER_BATCH })) {
    signal.throwIfAborted();
    await projectEvents(
      runner.manager,
      batch.map(({ event }) => event),
    );
    progress('rebuilding', (events += batch.length), total);
  }
  await runner.commitTransaction();
  return { position, events };
}

async function snapshotBetweenWriters(
  dataSource: DataSource,
  runner: QueryRunner,
): Promise<{ position: number; total: number }> {
  const gate = dataSource.createQueryRunner();
  await gate.connect();
  try {
    return await patiently(async () => {
      await gate.startTransaction();
      try {
        await gate.query(`set local lock_timeout = '5s'`);
        await gate.query('lock table public.events in share mode');
        await runner.startTransaction('REPEATABLE READ');
        const [row] = (await runner.query(
          'select coalesce(max(position), 0) as position, count(*) as total from public.events',
        )) as [{ position: string; total: string }];
        return { position: Number(row.position), total: Number(row.total) };
      } finally {
        await gate.rollbackTransaction();
      }
    });
  } finally {
    await gate.release();
  }
}

/** The moment in which writers wait: what came since the snapshot, and the change of tables. */
function takeOver(runner: QueryRunner, position: number): Promise<number> {
  return patiently(async () => {
    await runner.startTransaction();
    try {
      await runner.query(`set local lock_timeout = '5s'`);
      await runner.query('lock table public.events in share mode');
      const held = performance.now();
      await runner.query('set constraints all deferred');
      let late = 0;
      for await (const batch of readEvents(runner.manager, { after: position, batch: EVENTS_PER_BATCH })) {
        await projectEvents(
          runner.manager,
          batch.map(({ event }) => event),
        );
        late += batch.length;
      }
      // A table with checks that wait for the end of the transaction cannot be moved.
      await runner.query('set constraints all immediate');
      await lockReadModels(runner, held);
      await runner.query(`drop table ${PUBLIC_TABLES}`);
      for (const table of TABLES) await runner.query(`alter table ${SCHEMA}.${table} set schema public`);
      await runner.commitTransaction();
      return late;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      throw error;
    }
  });
}

/**
 * A command that has read a read model, and now waits for `events`, would wait for us as we for it. Of such a pair
 * PostgreSQL sends back the one that finds out first, which is who has waited for `deadlock_timeout`. So we let the
 * commands wait for most of that time before we ask for what they hold: it is they who are sent back, and `transact`
 * does them again, unseen by their clients, on the new tables.
 */
async function lockReadModels(runner: QueryRunner, held: number): Promise<void> {
  const [{ ms }] = (await runner.query(
    `select setting::int as ms from pg_settings where name = 'deadlock_timeout'`,
  )) as [{ ms: number }];
  await pause(Math.max(0, 0.7 * ms - (performance.now() - held)));
  await runner.query(`lock table ${PUBLIC_TABLES} in access exclusive mode`);
}

/** Locks that are not to be had now (a long import is being written) are asked for again. */
async function patiently<R>(attempt: () => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (databaseFailure(error).kind !== 'lost-race' || tries === ATTEMPTS) throw error;
      await pause(100 + Math.random() * 400);
    }
  }
}
