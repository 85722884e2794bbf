import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';

export const statusWebhooks = counter(
  'trunkmesh_status_webhooks_total',
  'Call statuses sent to customers, by outcome: delivered, failed (and retried), given-up',
);

const read = { waiting: () => 0 };
gauge('trunkmesh_status_webhooks_waiting', 'Call statuses on disk that are not delivered yet', () => read.waiting());
/** Sets what the gauge reads. */
export const observeStatuses = (from: typeof read): void => {
  Object.assign(read, from);
};
