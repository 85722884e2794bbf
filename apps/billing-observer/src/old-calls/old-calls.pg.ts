import type { DataSource, EntityManager } from 'typeorm';
import { forgetDays } from '../call-log/call-days.pg.js';

/** Some milliseconds a transaction, in which nobody waits for more than these calls. */
const CALLS_AT_ONCE = 200;

export interface OldCalls {
  /** What began earlier is removed. */
  before: Date;
  signal?: AbortSignal | undefined;
  /** Between two batches; `tookMs`: how long the last one took, milliseconds. */
  pause?: ((tookMs: number) => Promise<unknown>) | undefined;
}

/**
 * Removes calls from the call log with all their events, and returns how many. Their entries in the ledger and its sums
 * by day stay. Several copies may do so at once: each takes other calls.
 */
export async function removeOldCalls(dataSource: DataSource, { before, signal, pause }: OldCalls): Promise<number> {
  let removed = 0;
  for (const organizationId of await organizations(dataSource)) {
    // What was removed is in the index until it is vacuumed: each batch begins where the one before ended.
    let from = '-infinity';
    for (;;) {
      signal?.throwIfAborted();
      const began = performance.now();
      const some = await dataSource.transaction((tx) => removeSome(tx, organizationId, { from, before }));
      removed += some.length;
      if (some.length < CALLS_AT_ONCE) break;
      from = some.at(-1)!.started_at;
      await pause?.(performance.now() - began);
    }
  }
  return removed;
}

/** From the index alone. Null: calls that belong to nobody. */
async function organizations(dataSource: DataSource): Promise<(string | null)[]> {
  const rows: { organization_id: string | null }[] = await dataSource.query(
    `WITH RECURSIVE found AS (
      (SELECT organization_id FROM call_log WHERE organization_id IS NOT NULL ORDER BY organization_id LIMIT 1)
      UNION ALL SELECT (SELECT organization_id FROM call_log WHERE organization_id > found.organization_id ORDER BY
        organization_id LIMIT 1) FROM found WHERE found.organization_id IS NOT NULL)
    SELECT organization_id FROM found WHERE organization_id IS NOT NULL`,
  );
  return [...rows.map(({ organization_id }) => organization_id), null];
}

interface RemovedCall {
  call_id: string;
  /** In UTC, with microseconds. */
  started_at: string;
}

/** The oldest ones. A row that somebody writes is left for the next time. */
async function removeSome(
  tx: EntityManager,
  organization_id: string | null,
  { from, before }: { from: string; before: Date },
): Promise<RemovedCall[]> {
  const of = (column: string) => `${column} ${organization_id === null ? 'IS NULL AND $1::uuid IS NULL' : '= $1'}`;
  const calls: RemovedCall[] = await tx.query(
    `SELECT call_id, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS started_at FROM call_log
    WHERE ${of('organization_id')} AND call_log.started_at >= $2 AND call_log.started_at < $3
    ORDER BY call_log.started_at LIMIT ${CALLS_AT_ONCE} FOR UPDATE SKIP LOCKED`,
    [organization_id, from, before],
  );
  if (calls.length === 0) return [];
  // What is counted of their days, and held in memory, is of calls that are no longer there.
  await forgetDays(
    tx,
    calls.map(({ started_at }) => ({ organization_id, started_at })),
  );
  const ids = calls.map(({ call_id }) => call_id);
  await keepTimesBesideGaps(tx, ids);
  await tx.query(`DELETE FROM calls WHERE ${of('organization_id')} AND call_id = ANY($2::uuid[])`, [
    organization_id,
    ids,
  ]);
  await tx.query(`DELETE FROM call_log WHERE ${of('organization_id')} AND call_id = ANY($2::uuid[])`, [
    organization_id,
    ids,
  ]);
  return calls;
}

/** Without them it would not be known any more of which time the missing records are. */
export const keepTimesBesideGaps = (tx: EntityManager, callIds: readonly string[]): Promise<unknown> =>
  tx.query(
    `INSERT INTO times_beside_gaps (bridge_id, bridge_epoch, record_number, "time")
    SELECT bridge_id, bridge_epoch, record_number, "time" FROM calls JOIN bridge_progress AS progress USING (bridge_id,
      bridge_epoch) WHERE call_id = ANY($1::uuid[]) AND missing <> '[]' AND EXISTS (SELECT FROM
        jsonb_array_elements(missing) AS span WHERE record_number IN ((span->>0)::bigint - 1, (span->>1)::bigint + 1))
    ON CONFLICT DO NOTHING`,
    [callIds],
  );
