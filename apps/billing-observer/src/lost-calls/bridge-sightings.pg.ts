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

/** Longer than a trunk's test takes, with a late answer of the carrier and the way of its events. */
const TEST_OVER = `interval '15 minutes'`;

/**
 * Answered calls, and inbound ones that nobody answered, oldest first, of bridges that have sent no heartbeat for
 * `lostMs`; for a bridge not yet known, that time begins now. Calls of trunks' tests after a quarter of an hour,
 * whatever their bridge does: it may have lost its disk.
 */
export async function lostCalls(dataSource: DataSource, lostMs: number): Promise<OngoingCall[]> {
  const rows: OngoingRow[] = await dataSource.query(
    `SELECT organization_id, summary FROM call_log WHERE status = 'ongoing' AND organization_id IS NOT NULL
     AND summary::jsonb->>'bridge_id' IS NOT NULL
     AND (started_at < now() - $1 * interval '1 millisecond'
         AND (summary::jsonb->>'answered_at' IS NOT NULL OR direction = 'inbound' AND started_at > now() - ${IN_STREAM})
       OR summary::jsonb->>'trunk_test' = 'true'
         AND started_at < now() - ${TEST_OVER} AND started_at > now() - ${IN_STREAM})
     ORDER BY summary::jsonb->>'answered_at' IS NULL, started_at LIMIT ${ROWS_AT_ONCE}`,
    [lostMs],
  );
  const calls = rows.map(({ organization_id, summary }) => ({
    organization_id,
    summary: JSON.parse(summary) as CallSummary,
  }));
  const bridges = calls.flatMap(({ summary }) => (isTest(summary) ? [] : summary.bridge_id!));
  const lost = await lostBridges(dataSource, [...new Set(bridges)], lostMs);
  return calls.flatMap(({ organization_id, summary }) => {
    const { call_id, answered_at, codec, bridge_id } = summary;
    const seen_at = isTest(summary) ? null : lost.get(bridge_id!);
    return seen_at === undefined
      ? []
      : { organization_id, call_id, answered_at, codec, seen_at, trunk_test: isTest(summary) };
  });
}

const isTest = ({ trunk_test }: CallSummary): boolean => trunk_test === true;

/** With the time of their latest heartbeat. */
async function lostBridges(
  dataSource: DataSource,
  bridges: readonly string[],
  lostMs: number,
): Promise<Map<string, string | null>> {
  if (bridges.length === 0) return new Map();
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
