import type { InboundRequest } from '@trunkmesh/contracts/routing.js';

/** What the agent asks about an INVITE to this number without other headers. */
export const inboundRequest = (to: string, source: string): InboundRequest => ({
  call_id: 'c',
  bridge_id: 'b',
  pool: 'default',
  source_address: source,
  resolved_trunks: [],
  claimed_gateway: null,
  request_uri_user: to,
  to_user: to,
  from_user: '+15559876543',
  headers: [],
});
