import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { ratePlanSubject } from '@trunkmesh/contracts/subjects.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { callEnded, ORG } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import pino from 'pino';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../../call-log/call-log.fixture.js';
import type { Feed } from '../following/feed.nats.js';
import { startRatePlanFeed } from './rate-plan-feed.nats.js';

const logger = pino({ level: 'silent' });
const effective_from = '2026-11-01T00:00:00.000Z';
let servers: Servers;
let nc: NatsConnection;
let db: DataSource;
const feeds: Feed[] = [];
beforeAll(async () => {
  servers = await startServers();
  nc = await connect({ servers: servers.nats.url });
  await ensureStreams(nc);
  ({ db } = await freshDatabase(servers.postgres));
}, 60_000);
afterAll(async () => {
  await Promise.all(feeds.map((feed) => feed.stop()));
  await db?.destroy();
  await nc?.close();
  await servers?.stop();
});

const publish = (entityversion: number, rate: number | null) => {
  const state = {
    organization_id: ORG,
    effective_from,
    currency: 'USD',
    rate_per_minute_micros: rate,
    increments: '60/60',
    minimum_seconds: 0,
    free_minutes_per_month: 0,
    rates: [],
    created_at: effective_from,
    updated_at: effective_from,
  };
  const data = { change: {}, state: rate === null ? null : state };
  return jetstream(nc).publish(ratePlanSubject(ORG, effective_from), JSON.stringify({ entityversion, data }));
};
const amount = async () =>
  ((await db.query('SELECT sum(amount_micros)::int AS amount FROM ledger_entries')) as { amount: number }[])[0]!.amount;
const becomes = (expected: number) =>
  eventually(async () => {
    expect(await amount()).toBe(expected);
    return true;
  });

describe('the events of rate plans', () => {
  it('those from before the start count, and every one that follows, in each copy', async () => {
    await publish(1, 5_000);
    await record(db, [callEnded(1)]);
    feeds.push(startRatePlanFeed({ nc, dataSource: db, logger }), startRatePlanFeed({ nc, dataSource: db, logger }));
    await becomes(5_000);
    await publish(2, 7_000);
    await becomes(7_000);
    await record(db, [callEnded(2)], 2);
    expect(await amount()).toBe(14_000);
    await publish(3, null);
    await becomes(0);
  });
});
