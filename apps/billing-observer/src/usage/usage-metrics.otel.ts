import { counter, gauge, histogram } from '@trunkmesh/runtime/metric.otel.js';
import type { MissingOfBridge } from './gaps.pg.js';

/** What an operator watches: records written, what came again, how far behind, and which bridge's records have gaps. */
export const loggedEvents = counter('trunkmesh_call_events_logged_total', 'Events written to the call log, by type');
export const usageRecords = counter('trunkmesh_usage_records_total', 'Calls entered into the ledger');
export const repeatedEvents = counter(
  'trunkmesh_usage_repeated_events_total',
  'Events that were in the call log before',
);
export const redeliveries = counter(
  'trunkmesh_usage_redeliveries_total',
  'Messages that JetStream delivered more than once',
);
export const unreadableMessages = counter(
  'trunkmesh_usage_unreadable_messages_total',
  'Messages kept aside, by reason',
);
export const failedBatches = counter(
  'trunkmesh_usage_failed_batches_total',
  'Batches given back because the database did not take them',
);
export const batchSeconds = histogram('trunkmesh_usage_batch_seconds', "Time of a batch's transaction");

let lag = 0;
let missing: readonly MissingOfBridge[] = [];
export const setLag = (messages: number): void => {
  lag = messages;
};
export const setMissing = (bridges: readonly MissingOfBridge[]): void => {
  missing = bridges;
};
const byBridge = (which: 'missing' | 'accepted') => () =>
  missing.map(({ bridge_id, [which]: value }) => ({ value, attributes: { bridge: bridge_id } }));
gauge('trunkmesh_usage_lag', 'Messages of the CALLS stream not yet recorded', () => lag);
gauge(
  'trunkmesh_usage_missing_records',
  'Record numbers of a bridge below its highest that have not come and that nobody has accepted as lost',
  byBridge('missing'),
);
gauge(
  'trunkmesh_usage_accepted_missing_records',
  'Record numbers of a bridge that have not come and that an operator has accepted as lost',
  byBridge('accepted'),
);
