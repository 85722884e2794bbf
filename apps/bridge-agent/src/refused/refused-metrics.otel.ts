import { counter } from '@trunkmesh/runtime/metric.otel.js';

export const capturedMessages = counter(
  'trunkmesh_captured_sip_messages_unread_total',
  "SIP messages from FreeSWITCH's capture that were dropped, by outcome",
);
export const refusedCalls = counter('trunkmesh_refused_calls_total', 'Calls that are in no call log, by reason');
export const refusedRowsDropped = counter(
  'trunkmesh_refused_rows_dropped_total',
  'Counted refusals that were dropped before they were published',
);
