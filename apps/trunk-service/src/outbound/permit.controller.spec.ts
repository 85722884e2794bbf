import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { permitAnswer, type PermitAnswer, type PermitRequest } from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_PERMIT, OUTBOUND_RELEASE } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startOutbound, type Outbound } from './outbound.fixture.js';

let outbound: Outbound;
beforeAll(async () => {
  outbound = await startOutbound();
}, 60_000);
afterAll(() => outbound?.stop());

async function ask(request: PermitRequest): Promise<PermitAnswer> {
  const reply = await outbound.nc.request(OUTBOUND_PERMIT, JSON.stringify(request), { timeout: 30_000 });
  return permitAnswer.parse(reply.json());
}
async function limited(limits: object) {
  const { id, trunk } = await outbound.organization(limits);
  return (): PermitRequest => ({
    call_id: randomUUID(),
    attempt: 1,
    organization_id: id,
    trunk_id: trunk.id,
    bridge_id: 'bridge-1',
    channels: 0,
  });
}

describe('permits of a trunk with limits', () => {
  it('are as many as its channels, and the others are served in the order in which they came', async () => {
    const attempt = await limited({ max_channels: 2 });
    const all = [attempt(), attempt(), attempt(), attempt()];
    const answers: PermitAnswer[] = [];
    for (const one of all) answers.push(await ask(one));
    expect(answers).toMatchObject([
      { outcome: 'granted' },
      { outcome: 'granted' },
      { outcome: 'wait', position: 1 },
      { outcome: 'wait', position: 2 },
    ]);
    expect(await ask(all[0]!)).toMatchObject({ outcome: 'granted' });
    const { call_id, attempt: nth, trunk_id } = all[0]!;
    outbound.nc.publish(OUTBOUND_RELEASE, JSON.stringify({ call_id, attempt: nth, trunk_id }));
    expect(await ask(all[3]!)).toMatchObject({ outcome: 'wait', position: 2 });
    await eventually(async () => (await ask(all[2]!)).outcome === 'granted');
    expect(await ask(all[3]!)).toMatchObject({ outcome: 'wait', position: 1 });
  });

  it('are refused to who comes from another trunk once the queue is full, and not to who waits already', async () => {
    const attempt = await limited({ max_channels: 1, queue_length: 1 });
    const [calling, waiting, late] = [attempt(), attempt(), attempt()];
    expect(await ask(calling)).toMatchObject({ outcome: 'granted' });
    expect(await ask(waiting)).toMatchObject({ outcome: 'wait', position: 1 });
    expect(await ask(late)).toMatchObject({ outcome: 'refused', reason: 'queue-full' });
    expect(await ask(waiting)).toMatchObject({ outcome: 'wait', position: 1 });
  });

  it('hold for any number of attempts at once', async () => {
    const attempt = await limited({ max_channels: 5 });
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(attempt())));
    expect(answers.filter(({ outcome }) => outcome === 'granted')).toHaveLength(5);
  });

  it('are in no second more than its new calls a second, however many ask at once', async () => {
    const attempt = await limited({ max_cps: 7 });
    await Promise.all(Array.from({ length: 200 }, () => ask(attempt())));
    const rows = await outbound.mesh.service.parts.record.query<{ at: number }>(
      `select extract(epoch from granted_at)::float8 as at from outbound_permits
       where trunk_id = $1 and granted_at is not null order by granted_at`,
      [attempt().trunk_id],
    );
    expect(rows.length).toBeGreaterThanOrEqual(7);
    const within = rows.filter(({ at }, index) => rows[index + 7] !== undefined && rows[index + 7]!.at - at < 0.999);
    expect(within).toEqual([]);
  });

  it('count inbound calls of all bridges, and new calls a second', async () => {
    const attempt = await limited({ max_channels: 2 });
    expect(await ask({ ...attempt(), channels: 2 })).toMatchObject({ outcome: 'wait' });
    const shared = await limited({ max_channels: 3 });
    const inbound_channels = { [shared().trunk_id]: 2 };
    await outbound.bridge('bridge-2', 'default', { inbound_channels });
    const first = shared();
    await eventually(async () => (await ask({ ...first, channels: 1 })).outcome === 'wait');
    expect(await ask(first)).toMatchObject({ outcome: 'granted' });
    expect(await ask({ ...shared(), bridge_id: 'bridge-2' })).toMatchObject({ outcome: 'granted' });
    const slow = await limited({ max_cps: 0.1 });
    expect(await ask(slow())).toMatchObject({ outcome: 'granted' });
    expect(await ask(slow())).toMatchObject({ outcome: 'wait', position: 1 });
  });

  it("name the bridges of the trunk's own pool, which share its limits while nobody answers", async () => {
    await outbound.bridge('bridge-7', 'quiet');
    await outbound.bridge('bridge-8', 'loud');
    const { id, admin } = await outbound.organization();
    await outbound.mesh.operator('PATCH', `/api/v1/organizations/${id}`, { bridge_pools: ['default', 'quiet'] });
    const settings = { gateway: 'sip.example.com', register: false, bridge_pool: 'quiet', max_channels: 2 };
    const { body: trunk } = await admin('POST', '/api/v1/sip-trunks', { name: 'Quiet', ...settings });
    const request = { call_id: randomUUID(), attempt: 1, organization_id: id, trunk_id: trunk.id, channels: 0 };
    const share = { outcome: 'granted', bridges: 1, place: 1 };
    expect(await ask({ ...request, bridge_id: 'bridge-7' })).toEqual(share);
  });

  it("are not given for another organisation's trunk, nor for what is no request", async () => {
    const attempt = await limited({ max_channels: 2 });
    expect(await ask({ ...attempt(), organization_id: randomUUID() })).toMatchObject({ outcome: 'refused' });
    const reply = await outbound.nc.request(OUTBOUND_PERMIT, 'no JSON', { timeout: 5_000 });
    expect(reply.json()).toMatchObject({ outcome: 'refused', reason: 'invalid-request' });
  });
});
