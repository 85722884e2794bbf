import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { NotificationMessage } from '@trunkmesh/contracts/notification.js';
import { alertSubject, callSubject } from '@trunkmesh/contracts/subjects.js';
import type { UsageAlertRaised } from '@trunkmesh/contracts/usage-alert.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { callEnded } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { uuidv7 } from 'uuidv7';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { watch, WATCHED_KINDS } from './alarms.pg.js';
import type { Condition } from './notification-rule.js';
import { startReceiver } from './receivers.fixture.js';

let mesh: Mesh;
let nc: NatsConnection;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  receiver = await startReceiver();
  mesh = await startMesh({ ALLOW_PRIVATE_GATEWAYS: true });
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  await ensureStreams(nc);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
  await receiver?.stop();
});

const query = <Row>(sql: string, parameters: unknown[] = []) => mesh.service.parts.record.query<Row>(sql, parameters);

/** An organisation with a trunk, a channel of its own, and a rule. */
async function watched(condition: Partial<Condition> & Pick<Condition, 'kind'>, over: object = {}) {
  const organization = await mesh.organization();
  const { admin, id } = organization;
  const trunk = await admin('POST', '/api/v1/sip-trunks', {
    name: 'Carrier',
    gateway: 'sip.example.com',
    username: 'u',
    password: 'p',
  });
  const url = `${receiver.url}/${id}`;
  const channel = await admin('POST', '/api/v1/notifications/channels', { kind: 'webhook', name: 'Hook', url });
  const body = { name: 'Rule', condition, channel_ids: [channel.body.id], ...over };
  const rule = await admin('POST', '/api/v1/notifications/rules', body);
  expect(rule.status).toBe(201);
  const messages = () =>
    receiver.posts.filter(({ path }) => path === `/${id}`).map(({ text }) => JSON.parse(text) as NotificationMessage);
  return { ...organization, trunk: trunk.body.id as string, rule: rule.body.id as string, messages };
}
type Watched = Awaited<ReturnType<typeof watched>>;

/** As the service does every few seconds, and until everything that it found has arrived. */
async function look(): Promise<void> {
  await eventually(() => watch(mesh.service.parts.record, WATCHED_KINDS));
  await eventually(
    async () => (await query('select from notification_deliveries where state = $1', ['pending'])).length === 0,
  );
}
const notified = ({ messages }: Watched) => messages().map(({ type, data }) => `${type} ${data.state}`);

async function setGateway({ id, trunk }: Watched, up: boolean, minutesAgo: number) {
  await query(
    `insert into gateway_states (trunk_id, bridge_id, organization_id, at, since, state, present, up, sip_status,
       sip_phrase)
     values ($1, 'w-bridge', $2, now() - make_interval(mins => $4), now() - make_interval(mins => $4), 'FAILED', true,
       $3, 403, 'Forbidden')
     on conflict (trunk_id, bridge_id) do update set at = excluded.at, since = excluded.since, up = excluded.up`,
    [trunk, id, up, minutesAgo],
  );
  await query(
    `insert into bridge_presence values ('w-bridge', 'one', now() - interval '1 day', now() + interval '1 hour')
     on conflict do nothing`,
  );
}
/** The trunk was changed long ago: a change gives it time to register. */
const settled = ({ trunk }: Watched) =>
  query(`update trunks set state = state || '{"updated_at": "2026-01-01T00:00:00.000Z"}' where id = $1`, [trunk]);

async function publishCalls(of: Watched, count: number, over: Partial<CallEnded['data']>) {
  for (let n = 0; n < count; n += 1) {
    const event = callEnded(1);
    const call_id = uuidv7();
    const data = { ...event.data, ...over, call_id, organization_id: of.id, trunk_id: of.trunk };
    const time = new Date().toISOString();
    await jetstream(nc).publish(callSubject(of.id, call_id), JSON.stringify({ ...event, id: uuidv7(), time, data }));
  }
}
const counter = async ({ id }: Watched, subject: string) =>
  (
    await query<{ failed: number; mos: number[] }>(
      'select failed, mos from notification_counters where organization_id = $1 and subject = $2',
      [id, subject],
    )
  )[0];

describe('rules', () => {
  it('notify once that a registration is lost, and once that it is back', async () => {
    const one = await watched({ kind: 'registration-lost', for_seconds: 120 });
    await setGateway(one, false, 1);
    await settled(one);
    await look();
    expect(notified(one)).toEqual([]);
    await setGateway(one, false, 5);
    await look();
    await look();
    expect(notified(one)).toEqual(['registration.lost firing']);
    expect(one.messages()[0]!.data).toMatchObject({
      trunk_id: one.trunk,
      rule_id: one.rule,
      details: { trunk_name: 'Carrier', sip_status: 403 },
    });
    expect(one.messages()[0]!.data.summary).toContain('The last answer was 403 Forbidden.');
    const { body } = await one.admin('GET', `/api/v1/notifications/rules/${one.rule}`);
    expect(body.firing).toMatchObject([{ subject: one.trunk, notified: true }]);
    await setGateway(one, true, 0);
    await look();
    expect(notified(one)).toEqual(['registration.lost firing', 'registration.lost resolved']);
    expect((await one.admin('GET', `/api/v1/notifications/rules/${one.rule}`)).body.firing).toEqual([]);
  });

  it('count a trunk as lost with its bridge, and not while it is disabled', async () => {
    const one = await watched({ kind: 'registration-lost', for_seconds: 60 });
    await setGateway(one, true, 600);
    await query(`update gateway_states set bridge_id = 'w-dead' where trunk_id = $1`, [one.trunk]);
    await query(
      `insert into bridge_presence values ('w-dead', 'one', now() - interval '1 day', now() - interval '1 hour')`,
    );
    await settled(one);
    await look();
    expect(notified(one)).toEqual(['registration.lost firing']);
    await one.admin('POST', `/api/v1/sip-trunks/${one.trunk}/disable`);
    await look();
    expect(notified(one)).toEqual(['registration.lost firing', 'registration.lost resolved']);
  });

  it('notify that the assistant is unreachable after calls in a row, and when one works again', async () => {
    const one = await watched({ kind: 'assistant-unreachable', failed_calls: 3 });
    await publishCalls(one, 2, { answered_at: null, end_reason: 'assistant-unavailable' });
    await eventually(async () => (await counter(one, 'organization'))?.failed === 2);
    await look();
    expect(notified(one)).toEqual([]);
    await publishCalls(one, 1, { end_reason: 'media-stream-lost' });
    await eventually(async () => (await counter(one, 'organization'))?.failed === 3);
    await look();
    expect(notified(one)).toEqual(['assistant.unreachable firing']);
    await query('update notification_counters set failed = 0 where organization_id = $1', [one.id]);
    await look();
    expect(notified(one)).toEqual(['assistant.unreachable firing', 'assistant.unreachable resolved']);
  });

  it('notify of bad audio by the average of the latest calls', async () => {
    const one = await watched({ kind: 'low-quality', mos: 3.5, calls: 3 });
    const quality = (mos: number) => ({
      quality: {
        mos,
        quality_percentage: null,
        jitter_min_ms: null,
        jitter_max_ms: null,
        packets_in: 1,
        packets_out: 1,
      },
    });
    await publishCalls(one, 1, quality(4.4));
    await publishCalls(one, 3, quality(2));
    await eventually(async () => (await counter(one, one.trunk))?.mos.length === 4);
    await look();
    expect(notified(one)).toEqual(['quality.low firing']);
    expect(one.messages()[0]!.data.details).toMatchObject({ mos: 2, calls: 3 });
  });

  it('notify of failed calls of a trunk, and of refused calls', async () => {
    const [degraded, refused] = [
      await watched({ kind: 'trunk-degraded', failed_calls: 4 }),
      await watched({ kind: 'refused-calls', calls: 10, minutes: 5 }),
    ];
    await query(`insert into notification_counters values ($1, $2, 4, now(), '{}', now(), 1)`, [
      degraded.id,
      degraded.trunk,
    ]);
    await query(
      `insert into refused_calls (bridge_id, minute, source_address, called, numbers, reason, sip_status, number,
         organization_id, count, first_at, last_at)
       values ('b1', date_trunc('minute', now()), '203.0.113.9', '1', '', 'offer-missing', 480, null, $1, 11, now(),
         now())`,
      [refused.id],
    );
    await look();
    expect(notified(degraded)).toEqual(['trunk.degraded firing']);
    expect(notified(refused)).toEqual(['calls.refused firing']);
    expect(refused.messages()[0]!.data.details).toEqual({ calls: 11, minutes: 5, reason: 'offer-missing' });
  });

  it('are silent beyond their number of messages an hour, and say later what was left out', async () => {
    const one = await watched({ kind: 'registration-lost', for_seconds: 30 }, { messages_per_hour: 1 });
    const second = await one.admin('POST', '/api/v1/sip-trunks', {
      name: 'Second',
      gateway: 'sip.example.com',
      username: 'u',
      password: 'p',
    });
    const other: Watched = { ...one, trunk: second.body.id };
    for (const each of [one, other]) {
      await setGateway(each, false, 30);
      await settled(each);
    }
    await look();
    expect(notified(one)).toEqual(['registration.lost firing']);
    const { body } = await one.admin('GET', `/api/v1/notifications/rules/${one.rule}`);
    expect(body.firing.map((alarm: { notified: boolean }) => alarm.notified).sort()).toEqual([false, true]);
    await query(`update notification_deliveries set created_at = created_at - interval '2 hours' where rule_id = $1`, [
      one.rule,
    ]);
    await look();
    expect(notified(one)).toEqual(['registration.lost firing', 'registration.lost firing']);
    for (const each of [one, other]) await setGateway(each, true, 0);
    await look();
    expect(notified(one).filter((each) => each.endsWith('resolved'))).toHaveLength(2);
  });

  it('notify of a usage alert once, to the organisation that it is about', async () => {
    const [mine, theirs] = [
      await watched({ kind: 'usage-alert', alerts: ['unusual-minutes'] }),
      await watched({ kind: 'usage-alert' }),
    ];
    const alert = (rule: UsageAlertRaised['data']['rule']): UsageAlertRaised => {
      const alert_id = uuidv7();
      const now = new Date().toISOString();
      return {
        specversion: '1.0',
        id: alert_id,
        source: 'test',
        type: 'UsageAlertRaised',
        subject: alertSubject(mine.id, alert_id),
        time: now,
        datacontenttype: 'application/json',
        data: {
          alert_id,
          organization_id: mine.id,
          rule,
          message: 'Many minutes.',
          period_from: now,
          period_until: now,
          trunk_id: null,
          direction: null,
          country: null,
          currency: null,
          unit: 'minutes',
          observed: 400,
          expected: 30,
          threshold: 90,
          calls: 90,
          baseline: [30],
          baseline_calls: null,
          raised_at: now,
        },
      };
    };
    const wanted = alert('unusual-minutes');
    for (const event of [alert('unusual-spend'), wanted, wanted])
      await jetstream(nc).publish(event.subject, JSON.stringify(event));
    await eventually(() => mine.messages().length === 1);
    await jetstream(nc).publish(wanted.subject, JSON.stringify(wanted));
    const last = alert('unusual-minutes');
    await jetstream(nc).publish(last.subject, JSON.stringify(last));
    await eventually(() => mine.messages().length === 2);
    expect(notified(mine)).toEqual(['usage.alert alert', 'usage.alert alert']);
    expect(mine.messages()[0]!.data).toMatchObject({
      summary: 'Many minutes.',
      details: { observed: 400, expected: 30 },
    });
    expect(notified(theirs)).toEqual([]);
  });
});
