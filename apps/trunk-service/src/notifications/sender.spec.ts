import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { uuidv7 } from 'uuidv7';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import type { DeliveryView } from './delivery.js';
import { enqueue } from './outbox.pg.js';
import { startReceiver, type Posted } from './receivers.fixture.js';

const DELIVERIES = '/api/v1/notifications/deliveries';
let mesh: Mesh;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let mine: Awaited<ReturnType<Mesh['organization']>>;
let answer: (posted: Posted) => number | undefined = () => 204;

beforeAll(async () => {
  receiver = await startReceiver((posted) => answer(posted));
  mesh = await startMesh({ ALLOW_PRIVATE_GATEWAYS: true });
  mine = await mesh.organization();
}, 60_000);
afterAll(async () => {
  await mesh?.stop();
  await receiver?.stop();
});

let names = 0;
async function channel(): Promise<string> {
  const body = { kind: 'webhook', name: `Hook ${(names += 1)}`, url: `${receiver.url}/` };
  return (await mine.admin('POST', '/api/v1/notifications/channels', body)).body.id;
}

async function send(channel_ids: string[], summary: string): Promise<number> {
  const now = new Date().toISOString();
  const rule_id = uuidv7();
  const data = {
    notification_id: uuidv7(),
    state: 'alert' as const,
    organization_id: mine.id,
    rule_id,
    rule_name: 'Test',
    trunk_id: null,
    since: now,
    summary,
    suppressed: 0,
    details: {},
  };
  return mesh.service.parts.record.transaction((manager) =>
    enqueue(manager, {
      organization_id: mine.id,
      rule_id,
      channel_ids,
      begins: true,
      message: { type: 'usage.alert', timestamp: now, data },
    }),
  );
}

const got = (summary: string) => receiver.posts.filter(({ text }) => JSON.parse(text).data.summary === summary);
const deliveries = async (query = ''): Promise<DeliveryView[]> =>
  (await mine.admin('GET', `${DELIVERIES}${query}`)).body.items;
const setDue = (which: string) =>
  mesh.service.parts.record.query(
    `update notification_deliveries set next_at = now() where state = 'pending' and ${which}`,
  );
/** What waits for its second or third attempt: up to 30 s. What somebody is sending has its turn for 60 s. */
const dueNow = () => setDue(`next_at < now() + interval '40 seconds'`);
const endTurns = () => setDue('true');

describe('the outbox of notifications', () => {
  it('gives each message to one copy of the service at a time', async () => {
    await Promise.all([mesh.another(), mesh.another()]);
    const ids = [await channel()];
    const summaries = Array.from({ length: 60 }, (_, n) => `of many ${n}`);
    for (const summary of summaries) await send(ids, summary);
    await eventually(async () => (await deliveries(`?channel_id=${ids[0]}&state=delivered&limit=100`)).length === 60, {
      timeoutMs: 20_000,
    });
    for (const summary of summaries) expect(got(summary)).toHaveLength(1);
  });

  it('tries again with the same id, and shows why it waits', async () => {
    let calls = 0;
    answer = () => ((calls += 1) < 3 ? 503 : 204);
    const id = await channel();
    await send([id], 'again');
    const [waiting] = await eventually(async () => {
      const all = await deliveries(`?channel_id=${id}`);
      return all[0]?.last_error != null && all;
    });
    expect(waiting).toMatchObject({ state: 'pending', attempts: 1, last_error: 'the receiver answered 503' });
    expect(Date.parse(waiting!.next_attempt_at!)).toBeGreaterThan(Date.now());
    await eventually(async () => {
      await dueNow();
      return (await deliveries(`?channel_id=${id}`))[0]!.state === 'delivered';
    });
    expect(new Set(got('again').map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(got('again')).toHaveLength(3);
    expect((await deliveries(`?channel_id=${id}`))[0]).toMatchObject({ attempts: 3, last_error: null });
  });

  it('gives up visibly, at once where the receiver is gone or the channel was deleted', async () => {
    answer = () => 410;
    const id = await channel();
    await send([id], 'gone');
    await eventually(async () => (await deliveries(`?channel_id=${id}&state=given-up`)).length === 1);
    answer = () => 500;
    await send([id], 'deleted');
    await eventually(async () => (await deliveries(`?channel_id=${id}`))[0]!.attempts === 1);
    expect((await mine.admin('DELETE', `/api/v1/notifications/channels/${id}`)).status).toBe(204);
    await dueNow();
    await eventually(async () => (await deliveries(`?channel_id=${id}&state=given-up`)).length === 2);
    expect((await deliveries(`?channel_id=${id}`))[0]!.last_error).toBe('the channel was deleted');
    expect(await send([id], 'to nobody')).toBe(0);
  });

  it('loses nothing when PostgreSQL is killed while a message is on its way', async () => {
    const id = await channel();
    answer = () => undefined;
    await send([id], 'killed');
    await eventually(() => got('killed').length === 1);
    await mesh.postgres.halt('SIGKILL');
    answer = () => 204;
    await mesh.postgres.start();
    // The turn of the copy that sent it ends by itself.
    await eventually(
      async () => {
        await endTurns();
        return (await deliveries(`?channel_id=${id}`))[0]?.state === 'delivered';
      },
      { timeoutMs: 30_000 },
    );
    expect(got('killed').length).toBeGreaterThanOrEqual(2);
    expect(new Set(got('killed').map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  }, 60_000);

  it('is listed in pages', async () => {
    const first = (await mine.admin('GET', `${DELIVERIES}?limit=2`)).body;
    const second = (await mine.admin('GET', `${DELIVERIES}?limit=2&cursor=${first.next_cursor}`)).body;
    const all = await deliveries('?limit=4');
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    expect((await mine.admin('GET', `${DELIVERIES}?state=lost`)).status).toBe(400);
  });
});
