import { counter } from '@trunkmesh/runtime/metric.otel.js';

export const sipMessagesKept = counter('trunkmesh_sip_messages_kept_total', 'SIP messages that were published');
export const sipMessagesDropped = counter(
  'trunkmesh_sip_messages_dropped_total',
  'SIP messages beyond the limits of their call',
);
