import type { DataSource } from 'typeorm';
import type { CallSummary } from '@trunkmesh/contracts/call-log.js';
import type { LostCall } from './closing-event.js';

/** These bridges have sent a heartbeat within the last seconds. */
export async function noteSeen(dataSource: DataSource, bridges: readonly string[]): Promise<void> {
  await dataSource.query(
    `INSERT INTO bridge_sightings (bridge_id, seen_at) SELECT DISTINCT bridge, now() FROM unnest($1::text[]) AS bridge
     ORDER BY bridge ON CONFLICT (bridge_id) DO UPDATE SET seen_at = excluded.seen_at`,
    [bridges],
  );
}

export interface OngoingCall extends LostCall {
  organization_id: string;
}

interface OngoingRow {
  organization_id: string;
  summary: string;
}

const ROWS_AT_ONCE = 5_000;
/** As long as the stream has the events of a call, it can be ended. Answered calls are looked for in any case. */
const IN_STREAM = `interval '30 days'`;

/**
 * Answered calls, and inbound ones and tests of trunks that nobody answered, oldest first, of bridges that have sent no
 * heartbeat for `lostMs`. For a bridge not yet known, that time begins now.
 */
export async function lostCalls(dataSource: DataSource, lostMs: number): Promise<OngoingCall[]> {
  const rows: OngoingRow[] = await dataSource.query(
    `SELECT organization_id, summary FROM call_log WHERE status = 'ongoing' AND organization_id IS NOT NULL
     AND started_at < now() - $1 * interval '1 millisecond' AND summary::jsonb->>'bridge_id' IS NOT NULL
     AND (summary::jsonb->>'answered_at' IS NOT NULL OR started_at > now() - ${IN_STREAM} AND
       (direction = 'inbound' OR summary::jsonb->>'trunk_test' = 'true'))
     ORDER BY summary::jsonb->>'answered_at' IS NULL, started_at LIMIT ${ROWS_AT_ONCE}`,
    [lostMs],
  );
  const calls = rows.map(({ organization_id, summary }) => ({
    organization_id,
    summary: JSON.parse(summary) as CallSummary,
  }));
  if (calls.length === 0) return [];
  const lost = await lostBridges(dataSource, [...new Set(calls.map(({ summary }) => summary.bridge_id!))], lostMs);
  return calls.flatMap(({ organization_id, summary: { call_id, answered_at, codec, bridge_id } }) => {
    const seen = lost.get(bridge_id!);
    return seen === undefined ? [] : { organization_id, call_id, answered_at, codec, seen_at: seen };
  });
}

/** With the time of their latest heartbeat. */
async function lostBridges(
  dataSource: DataSource,
  bridges: readonly string[],
  lostMs: number,
): Promise<Map<string, string | null>> {
  await dataSource.query('INSERT INTO bridge_sightings (bridge_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING', [
    bridges,
  ]);
  const rows: { bridge_id: string; seen_at: Date | null }[] = await dataSource.query(
    `SELECT bridge_id, seen_at FROM bridge_sightings WHERE bridge_id = ANY($1::text[])
     AND coalesce(seen_at, noted_at) < now() - $2 * interval '1 millisecond'`,
    [bridges, lostMs],
  );
  return new Map(rows.map(({ bridge_id, seen_at }) => [bridge_id, seen_at?.toISOString() ?? null]));
}
