import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { alertSubject } from '@trunkmesh/contracts/subjects.js';
import type { DataSource } from 'typeorm';

const ALERTS_AT_ONCE = 100;
/** JetStream's refusal of a message whose subject has another last sequence than the publisher expects. */
const WRONG_LAST_SEQUENCE = [10071, 10164];

/**
 * Publishes what the outbox has, oldest first. Each alert has a subject of its own, which must be empty: one that was
 * published before a crash is refused by the stream, however long ago that was, and counts as published.
 */
export async function publishAlerts(dataSource: DataSource, nc: NatsConnection): Promise<number> {
  let published = 0;
  for (;;) {
    const some = await publishSome(dataSource, nc);
    published += some;
    if (some < ALERTS_AT_ONCE) return published;
  }
}

function publishSome(dataSource: DataSource, nc: NatsConnection): Promise<number> {
  return dataSource.transaction(async (tx) => {
    const waiting: { alert_id: string; organization_id: string; event: string }[] = await tx.query(
      `SELECT alert_id, organization_id, event FROM usage_alerts WHERE published_at IS NULL
       ORDER BY alert_id LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [ALERTS_AT_ONCE],
    );
    for (const { alert_id, organization_id, event } of waiting)
      await publishOnce(nc, alertSubject(organization_id, alert_id), { id: alert_id, event });
    await tx.query('UPDATE usage_alerts SET published_at = now() WHERE alert_id = ANY($1::uuid[])', [
      waiting.map(({ alert_id }) => alert_id),
    ]);
    return waiting.length;
  });
}

async function publishOnce(nc: NatsConnection, subject: string, { id, event }: { id: string; event: string }) {
  try {
    await jetstream(nc).publish(subject, event, { msgID: id, expect: { lastSubjectSequence: 0 } });
  } catch (error) {
    if (!(error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code))) throw error;
  }
}
