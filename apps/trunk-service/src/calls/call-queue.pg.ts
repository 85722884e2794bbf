import type { CallSummary } from '@trunkmesh/contracts/call-log.js';
import { QUEUE_KEPT_SECONDS } from '@trunkmesh/contracts/outbound-call.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import type { EventStore } from '../event-store/event-store.pg.js';

export const callQueue = z
  .object({
    trunk_id: uuid.describe('The trunk that the call waits for.'),
    position: z.number().int().positive().describe('The place in the queue, from 1.'),
    since: timestamp.describe('Since when it waits.'),
  })
  .meta({ id: 'CallQueue' });
export type CallQueue = z.infer<typeof callQueue>;

type Waiting = Pick<CallSummary, 'call_id' | 'status' | 'direction' | 'answered_at'>;

/** Of these calls, those that wait for a trunk with `max_channels` or `max_cps`. */
export async function queuesOf(
  store: Pick<EventStore, 'query'>,
  organizationId: string,
  calls: readonly Waiting[],
): Promise<ReadonlyMap<string, CallQueue>> {
  const ids = calls.filter(mayWait).map(({ call_id }) => call_id);
  if (ids.length === 0) return new Map();
  const rows = await store.query<CallQueue & { call_id: string }>(
    `select mine.call_id, mine.trunk_id,
       to_char(mine.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since,
       (select count(*)::int + 1 from outbound_permits p
        where p.trunk_id = mine.trunk_id and p.granted_at is null and p.since < mine.since) as position
     from outbound_permits mine join trunks t on t.id = mine.trunk_id and t.organization_id = $1
     where mine.call_id = any($2::uuid[]) and mine.granted_at is null
       and mine.asked_at > clock_timestamp() - interval '${QUEUE_KEPT_SECONDS} seconds'`,
    [organizationId, ids],
  );
  return new Map(rows.map(({ call_id, ...queue }) => [call_id, queue]));
}

const mayWait = ({ status, direction, answered_at }: Waiting): boolean =>
  status === 'ongoing' && direction === 'outbound' && answered_at === null;
