import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';

export const statusWebhooks = counter(
  'trunkmesh_status_webhooks_total',
  'Call statuses sent to customers, by outcome: delivered, failed (and retried), given-up',
);

/** Returns how to stop. */
export const observeStatuses = (outbox: { waiting(): number }): (() => void) =>
  gauge('trunkmesh_status_webhooks_waiting', 'Call statuses on disk that are not delivered yet', () =>
    outbox.waiting(),
  );
