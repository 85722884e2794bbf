import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';

export const statusWebhooks = counter(
  'trunkmesh_status_webhooks_total',
  'Call statuses told to customers, by outcome: delivered, failed (and tried again), given-up',
);

const read = { waiting: () => 0 };
gauge('trunkmesh_status_webhooks_waiting', 'Call statuses on disk that are not delivered yet', () => read.waiting());
/** The gauge reads from here on. */
export const observeStatuses = (from: typeof read): void => {
  Object.assign(read, from);
};
