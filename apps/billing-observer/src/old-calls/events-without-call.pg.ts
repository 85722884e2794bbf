import type { DataSource, EntityManager } from 'typeorm';
import { keepTimesBesideGaps, type OldCalls } from './old-calls.pg.js';

/** Events per batch. They are read from an index, and most belong to calls that stay. */
const EVENTS_AT_ONCE = 2_000;

/** A place in the order of `calls_of_call`. `time` as PostgreSQL writes it. */
interface Place {
  call_id: string;
  time: string;
}
const FIRST: Place = { call_id: '00000000-0000-0000-0000-000000000000', time: '-infinity' };

/**
 * Removes events older than `before` if their call is not in the call log, and returns how many. A call is not in the
 * call log if all its events are of types that only a later version knows. Scans all events once.
 */
export async function removeEventsWithoutCall(
  dataSource: DataSource,
  { before, signal, pause }: OldCalls,
): Promise<number> {
  let removed = 0;
  for (let after = FIRST; ;) {
    signal?.throwIfAborted();
    const began = performance.now();
    const some = await dataSource.transaction((tx) => removeSome(tx, { after, before }));
    removed += some.removed;
    if (some.last === undefined) return removed;
    after = some.last;
    await pause?.(performance.now() - began);
  }
}

/** `last`: the place of the last event of the batch; undefined: there are no more. */
async function removeSome(
  tx: EntityManager,
  { after, before }: { after: Place; before: Date },
): Promise<{ removed: number; last: Place | undefined }> {
  const places: Place[] = await tx.query(
    `SELECT call_id, "time"::text AS time FROM calls WHERE (call_id, calls."time") > ($1, $2::timestamptz)
    ORDER BY calls.call_id, calls."time" LIMIT ${EVENTS_AT_ONCE}`,
    [after.call_id, after.time],
  );
  const last = places.length < EVENTS_AT_ONCE ? undefined : places.at(-1);
  const old: { event_id: string; call_id: string }[] = await tx.query(
    `SELECT event_id, call_id FROM calls JOIN (SELECT DISTINCT * FROM unnest($1::uuid[], $2::timestamptz[]) AS place
        (call_id, "time") WHERE "time" < $3) AS place USING (call_id, "time")
    WHERE NOT EXISTS (SELECT FROM call_log WHERE call_log.call_id = calls.call_id
      AND call_log.organization_id IS NOT DISTINCT FROM calls.organization_id)`,
    [places.map(({ call_id }) => call_id), places.map(({ time }) => time), before],
  );
  if (old.length === 0) return { removed: 0, last };
  await keepTimesBesideGaps(
    tx,
    old.map(({ call_id }) => call_id),
  );
  await tx.query('DELETE FROM calls WHERE event_id = ANY($1::uuid[])', [old.map(({ event_id }) => event_id)]);
  return { removed: old.length, last };
}
