import { callEvent, ENDS_CALL, type CallEnded } from '@trunkmesh/contracts/call.js';
import { callParties } from '@trunkmesh/contracts/call-parties.js';
import { TEST_CALL_MS } from '@trunkmesh/contracts/trunk-test.js';

/** A call of a lost bridge, or of a trunk's test that has no end. */
export interface LostCall {
  call_id: string;
  /** Null: nobody answered it. */
  answered_at: string | null;
  codec: string | null;
  /** The time of the bridge's latest heartbeat; null if none was seen. */
  seen_at: string | null;
  trunk_test: boolean;
}

/**
 * The estimated end of a call of a lost bridge: its latest event or the bridge's latest heartbeat, whichever is later,
 * because a live bridge would have reported the end. The call of a test lasts a fixed time once it is answered.
 * Undefined: the call has ended, or the event is another call's.
 */
export function closingEvent(
  { call_id, answered_at, codec, seen_at, trunk_test }: LostCall,
  last: unknown,
  { id, at }: { id: string; at: Date },
): CallEnded | undefined {
  const { data: event } = callEvent.safeParse(last);
  if (event === undefined || ENDS_CALL[event.type] || event.data.call_id !== call_id) return undefined;
  const { data: parties } = callParties.safeParse(event.data);
  if (parties === undefined) return undefined;
  const endedAt = Math.min(
    trunk_test && answered_at !== null
      ? Date.parse(answered_at) + TEST_CALL_MS
      : latestOf([event.time, answered_at, seen_at]),
    at.getTime(),
  );
  return {
    ...{ specversion: '1.0', id, source: 'trunkmesh/billing-observer', type: 'CallEnded', subject: event.subject },
    ...{ time: at.toISOString(), datacontenttype: 'application/json' },
    data: {
      ...parties,
      ...{ bridge_epoch: call_id, record_number: 1 },
      ...{ answered_at, ended_at: new Date(endedAt).toISOString() },
      billable_ms: answered_at === null ? 0 : Math.max(0, endedAt - Date.parse(answered_at)),
      ...{ hangup_cause: 'UNKNOWN', q850: null, sip_status: null, hangup_disposition: null },
      ...{ codec, quality: null, target: null, reconstructed: true, end_reason: 'unseen' },
    },
  };
}

const latestOf = (times: readonly (string | null)[]): number =>
  Math.max(...times.flatMap((time) => (time === null ? [] : [Date.parse(time)])));
