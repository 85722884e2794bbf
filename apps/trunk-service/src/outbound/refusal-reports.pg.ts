import { callRefused, type CallRefused } from '@trunkmesh/contracts/call.js';
import type { EventStore } from '../event-store/event-store.pg.js';

export interface RefusalReport {
  event: CallRefused;
  /** Was asked and may deliver the statuses; null: certainly no bridge does. */
  reporter: string | null;
}

/** For so long no other copy takes up the same; longer than a bridge takes to answer. */
const TURN = `interval '15 seconds'`;
/** As long as a bridge tries to deliver a status. */
const GIVEN_UP = `interval '3 days'`;

/** What is due, each for one copy of the service at a time. Its event is published already. */
export async function takeReports(store: EventStore, limit: number): Promise<RefusalReport[]> {
  const rows = await store.query<{ event: string; reporter: string | null }>(
    `update outbound_refusals set report_at = now() + ${TURN}
     where call_id in (
       select call_id from outbound_refusals
       where report_at <= now() and published_at is not null and created_at > now() - ${GIVEN_UP}
       order by report_at limit $1 for update skip locked)
     returning event, reporter`,
    [limit],
  );
  return rows.flatMap(({ event, reporter }) => {
    const { data } = callRefused.safeParse(JSON.parse(event));
    return data === undefined ? [] : [{ event: data, reporter }];
  });
}

/** Before the bridge is asked; null: it certainly does not deliver them. */
export async function noteReporter(store: EventStore, callId: string, bridge: string | null): Promise<void> {
  await store.query('update outbound_refusals set reporter = $2 where call_id = $1', [callId, bridge]);
}

export async function markReported(store: EventStore, callId: string): Promise<void> {
  await store.query('update outbound_refusals set report_at = null where call_id = $1', [callId]);
}
