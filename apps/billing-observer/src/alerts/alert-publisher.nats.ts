import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { alertSubject } from '@trunkmesh/contracts/subjects.js';
import type { DataSource } from 'typeorm';
import { everyOne } from '../every-one.js';
import { setAlertBack } from './setbacks.pg.js';

const ALERTS_AT_ONCE = 10_000;
/** JetStream's refusal of a message whose subject has another last sequence than the publisher expects. */
const WRONG_LAST_SEQUENCE = [10071, 10164];

/**
 * Publishes what the outbox has, oldest first; what could not be published before comes after all others, at most every
 * ten minutes. Each alert has a subject of its own, which must be empty: one that was
 * published before a crash is refused by the stream, however long ago that was, and counts as published.
 * @throws AggregateError what could not be published, once all others are
 */
export async function publishAlerts(dataSource: DataSource, nc: NatsConnection, now = new Date()): Promise<number> {
  const waiting: { alert_id: string }[] = await dataSource.query(
    `SELECT alert_id FROM usage_alerts WHERE published_at IS NULL AND coalesce(retry_at <= $1, true)
     ORDER BY attempts, alert_id LIMIT $2`,
    [now, ALERTS_AT_ONCE],
  );
  return everyOne(waiting, { what: 'usage alerts' }, async ({ alert_id }) => {
    try {
      return await publishAlert(dataSource, nc, alert_id);
    } catch (error) {
      await setAlertBack(dataSource.manager, alert_id, now);
      throw error;
    }
  });
}

/** Another copy that is publishing it has its row. */
function publishAlert(dataSource: DataSource, nc: NatsConnection, id: string): Promise<number> {
  return dataSource.transaction(async (tx) => {
    const [alert]: { organization_id: string; event: string }[] = await tx.query(
      `SELECT organization_id, event FROM usage_alerts WHERE alert_id = $1 AND published_at IS NULL
       FOR UPDATE SKIP LOCKED`,
      [id],
    );
    if (alert === undefined) return 0;
    await publishOnce(nc, alertSubject(alert.organization_id, id), { id, event: alert.event });
    await tx.query('UPDATE usage_alerts SET published_at = now() WHERE alert_id = $1', [id]);
    return 1;
  });
}

async function publishOnce(nc: NatsConnection, subject: string, { id, event }: { id: string; event: string }) {
  try {
    await jetstream(nc).publish(subject, event, { msgID: id, expect: { lastSubjectSequence: 0 } });
  } catch (error) {
    if (!(error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code))) throw error;
  }
}
