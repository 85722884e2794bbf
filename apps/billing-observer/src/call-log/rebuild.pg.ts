import type { Running } from '@trunkmesh/runtime/operator-command.process.js';
import type { DataSource, EntityManager } from 'typeorm';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import { forgetDays } from './call-days.pg.js';
import { begun, byCall, lockRows, writeRows } from './call-rows.pg.js';
import { evolve, type CallRow } from './call-summary.js';
import { isEvent, readStored } from './stored-event.js';

/** Calls that one transaction reads into memory and locks. */
const CALLS_PER_CHUNK = 100;

export interface Rebuilt {
  events: number;
  calls: number;
}

/**
 * Rebuilds the call log from the stored envelopes while the service keeps recording and answering. It goes through the
 * calls in the order of their ids, a few in each transaction. If it is stopped, every row is correct: some are rebuilt,
 * the others are unchanged.
 */
export async function rebuild(dataSource: DataSource, { signal, progress }: Running): Promise<Rebuilt> {
  const [{ total }] = (await dataSource.query('SELECT count(*) AS total FROM calls')) as [{ total: string }];
  const done: Rebuilt = { events: 0, calls: 0 };
  let after: string | null = null;
  do {
    signal.throwIfAborted();
    const chunk: Chunk = await dataSource.transaction((tx) => rebuildChunk(tx, after));
    after = chunk.through;
    done.events += chunk.events;
    done.calls += chunk.calls;
    progress('rebuilding', done.events, Math.max(done.events, Number(total)));
  } while (after !== null);
  await dataSource.query('UPDATE call_log_filling SET complete = true');
  return done;
}

/** `through`: the id of its last call; null after the last chunk. */
export interface Chunk {
  through: string | null;
  events: number;
  calls: number;
}

/** Rebuilds the next calls after `after`, and removes rows of calls that have no event. */
export async function rebuildChunk(tx: EntityManager, after: string | null): Promise<Chunk> {
  const found: { call_id: string }[] = await tx.query(
    `SELECT DISTINCT call_id FROM calls ${after === null ? '' : 'WHERE call_id > $2'} ORDER BY call_id LIMIT $1`,
    after === null ? [CALLS_PER_CHUNK] : [CALLS_PER_CHUNK, after],
  );
  const ids = found.map((row) => row.call_id);
  const through = ids.length < CALLS_PER_CHUNK ? null : ids.at(-1)!;
  await removeRowsWithoutEvents(tx, after, through);
  let events = 0;
  let open = new Set(ids);
  while (open.size > 0) {
    // Lock before reading: another transaction that adds an event to one of these rows has either committed, so the
    // event is read here, or waits for this lock and adds the event to the rebuilt row.
    const known = await lockRows(tx, [...open]);
    const stored = await storedEvents(tx, [...open]);
    events += stored.count;
    const rows = new Map(
      [...byCall(stored.events)].map(([key, ofCall]) => [key, ofCall.reduce<CallRow | undefined>(evolve, undefined)!]),
    );
    const written = await writeRows(tx, [...rows.values()], known);
    await remove(
      tx,
      [...known].filter(([key]) => !rows.has(key)).map(([, row]) => row),
    );
    // A row that was inserted in between holds only the newest event: rebuild it again, now locked.
    open = new Set([...rows].filter(([key]) => !written.has(key)).map(([, row]) => row.summary.call_id));
  }
  return { through, events, calls: ids.length };
}

async function storedEvents(
  tx: EntityManager,
  callIds: readonly string[],
): Promise<{ events: CallEvent[]; count: number }> {
  const rows: { envelope: string }[] = await tx.query('SELECT envelope FROM calls WHERE call_id = ANY($1::uuid[])', [
    callIds,
  ]);
  return { events: rows.map(({ envelope }) => readStored(envelope)?.known).filter(isEvent), count: rows.length };
}

async function removeRowsWithoutEvents(tx: EntityManager, after: string | null, through: string | null): Promise<void> {
  const [removed] = (await tx.query(
    `DELETE FROM call_log WHERE ($1::uuid IS NULL OR call_id > $1) AND ($2::uuid IS NULL OR call_id <= $2)
    AND NOT EXISTS (SELECT FROM calls WHERE calls.call_id = call_log.call_id)
    RETURNING organization_id, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS started_at`,
    [after, through],
  )) as [{ organization_id: string | null; started_at: string }[], number];
  await forgetDays(tx, removed);
}

async function remove(tx: EntityManager, rows: readonly CallRow[]): Promise<void> {
  await forgetDays(tx, rows.map(begun));
  for (const { summary, organization_id } of rows)
    await tx.query('DELETE FROM call_log WHERE call_id = $1 AND organization_id IS NOT DISTINCT FROM $2::uuid', [
      summary.call_id,
      organization_id,
    ]);
}
