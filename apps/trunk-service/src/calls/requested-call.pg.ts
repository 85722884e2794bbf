import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { EventStore } from '../event-store/event-store.pg.js';

/** Of a call that was accepted and is not known to have ended. */
export async function openRequest(
  store: EventStore,
  { call_id, organization_id }: Pick<OriginateRequest, 'call_id' | 'organization_id'>,
): Promise<OriginateRequest | undefined> {
  const [row] = await store.query<{ request: OriginateRequest }>(
    `select request from outbound_calls where call_id = $1 and organization_id = $2
       and state in ('requested', 'accepted') and request is not null`,
    [call_id, organization_id],
  );
  return row?.request;
}
