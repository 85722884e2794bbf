import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let voices: Awaited<ReturnType<typeof speakForBridges>>;
beforeAll(async () => {
  mesh = await startMesh();
  voices = await speakForBridges(mesh.nats.url);
}, 60_000);
afterAll(async () => {
  await voices?.stop();
  await mesh?.stop();
});

const TRUNKS = '/api/v1/sip-trunks';
let names = 0;
const registering = (bridge_pool: string) => ({
  name: `Carrier ${++names}`,
  gateway: 'sip.example.com',
  username: 'alice',
  password: 'secret',
  bridge_pool,
});
const owner = async (api: Api, id: string) => (await api('GET', `${TRUNKS}/${id}`)).body.bridge_id as string | null;
const registered = (id: string) =>
  eventually(async () => (await mesh.operator('GET', `/api/v1/bridges/${id}`)).body.alive === true);
/** An organisation that may use these pools. */
async function inPools(...bridge_pools: string[]) {
  const organization = await mesh.organization();
  expect(await mesh.operator('PATCH', `/api/v1/organizations/${organization.id}`, { bridge_pools })).toMatchObject({
    status: 200,
    body: { bridge_pools },
  });
  return organization;
}
const within = { timeoutMs: 25_000 };

describe('the placement of registering trunks', () => {
  it('places a new trunk in the very transaction that creates it, where a bridge is alive', async () => {
    const { admin, id: organization } = await inPools('p1');
    await voices.bridge('p1-a', { pool: 'p1' }).speak();
    await registered('p1-a');
    const { body } = await admin('POST', TRUNKS, registering('p1'));
    expect(body.bridge_id).toBe('p1-a');
    const events = await mesh.service.parts.record.query<{ envelope: string; xmin: string }>(
      'select envelope, xmin::text from events where subject = $1 order by version',
      [`trunkmesh.org.${organization}.trunk.${body.id}`],
    );
    expect(events.map(({ envelope }) => JSON.parse(envelope).type)).toEqual(['TrunkCreated', 'TrunkPlaced']);
    expect(new Set(events.map(({ xmin }) => xmin)).size).toBe(1);
  });

  it("gives a pool's trunks to its first live bridge when that comes", async () => {
    const { admin } = await inPools('p2');
    const { body } = await admin('POST', TRUNKS, registering('p2'));
    expect(body.bridge_id).toBeNull();
    await voices.bridge('p2-a', { pool: 'p2' }).speak();
    await eventually(async () => (await owner(admin, body.id)) === 'p2-a', within);
  });

  it(
    'moves the trunks of a bridge that fell silent, and none of those that speak; they stay where they went when ' +
      'it returns',
    async () => {
      const { admin } = await inPools('p3');
      const [a, b] = [voices.bridge('p3-a', { pool: 'p3' }), voices.bridge('p3-b', { pool: 'p3' })];
      await a.speak();
      await b.speak();
      await Promise.all([registered('p3-a'), registered('p3-b')]);
      // One after the other: creations at the same moment do not see each other, and then the split is only nearly
      // even.
      const made = [];
      for (let index = 0; index < 6; index += 1) made.push(await admin('POST', TRUNKS, registering('p3')));
      const owners = new Map<string, string>(made.map(({ body }) => [body.id, body.bridge_id]));
      expect([...owners.values()].filter((each) => each === 'p3-a')).toHaveLength(3);
      a.silence();
      await eventually(
        async () =>
          (await Promise.all([...owners.keys()].map((id) => owner(admin, id)))).every((each) => each === 'p3-b'),
        within,
      );
      await a.speak();
      await registered('p3-a');
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await Promise.all([...owners.keys()].map((id) => owner(admin, id)))).toEqual(
        Array.from({ length: 6 }, () => 'p3-b'),
      );
      const { body } = await admin('POST', TRUNKS, registering('p3'));
      expect(body.bridge_id).toBe('p3-a');
    },
    60_000,
  );

  it("hands over a draining bridge's trunks, and gives it none until it is resumed", async () => {
    const { admin } = await inPools('p4');
    const [a, b] = [voices.bridge('p4-a', { pool: 'p4' }), voices.bridge('p4-b', { pool: 'p4' })];
    await a.speak();
    await registered('p4-a');
    const { body } = await admin('POST', TRUNKS, registering('p4'));
    expect((await admin('POST', '/api/v1/bridges/p4-a/drain')).status).toBe(403);
    expect(await mesh.operator('POST', '/api/v1/bridges/p4-a/drain')).toMatchObject({
      status: 200,
      body: { status: 'draining' },
    });
    expect(await owner(admin, body.id)).toBe('p4-a');
    await b.speak();
    await eventually(async () => (await owner(admin, body.id)) === 'p4-b', within);
    expect((await admin('POST', TRUNKS, registering('p4'))).body.bridge_id).toBe('p4-b');
    expect(await mesh.operator('POST', '/api/v1/bridges/p4-a/resume')).toMatchObject({
      status: 200,
      body: { status: 'active' },
    });
    await eventually(async () => (await admin('POST', TRUNKS, registering('p4'))).body.bridge_id === 'p4-a', within);
    expect((await mesh.operator('POST', '/api/v1/bridges/p4-b/retire')).status).toBe(200);
    await eventually(async () => (await owner(admin, body.id)) === 'p4-a', within);
    expect((await mesh.operator('POST', '/api/v1/bridges/p4-b/drain')).status).toBe(409);
    expect((await mesh.operator('POST', '/api/v1/bridges/nobody/drain')).status).toBe(404);
  }, 60_000);

  it('leaves everything where it is while NATS is away, and after it came back', async () => {
    const { admin } = await inPools('p5');
    await voices.bridge('p5-a', { pool: 'p5' }).speak();
    await voices.bridge('p5-b', { pool: 'p5' }).speak();
    await Promise.all([registered('p5-a'), registered('p5-b')]);
    const made = await Promise.all([1, 2].map(() => admin('POST', TRUNKS, registering('p5'))));
    await mesh.nats.restart();
    await Promise.all([registered('p5-a'), registered('p5-b')]);
    for (const { body } of made) {
      expect(await owner(admin, body.id)).toBe(body.bridge_id);
      const [{ n }] = (await mesh.service.parts.record.query<{ n: string }>(
        'select count(*) as n from events where subject like $1',
        [`%.trunk.${body.id}`],
      )) as [{ n: string }];
      expect(n).toBe('2');
    }
  }, 60_000);

  it('is done by one of several instances at a time, and by the others when that one is gone', async () => {
    const { admin } = await inPools('p6-later');
    const others = [await mesh.another(), await mesh.another()];
    await voices.bridge('p6-a', { pool: 'p6' }).speak();
    await registered('p6-a');
    const made = await Promise.all(
      Array.from({ length: 20 }, () => admin('POST', TRUNKS, { ...registering('p6-later') })),
    );
    await voices.bridge('p6-b', { pool: 'p6-later' }).speak();
    await eventually(
      async () => (await Promise.all(made.map(({ body }) => owner(admin, body.id)))).every((each) => each === 'p6-b'),
      within,
    );
    const rows = await mesh.service.parts.record.query<{ n: string }>(
      "select count(*) as n from events where envelope::jsonb->>'type' = 'TrunkPlaced' and " +
        "envelope::jsonb->'data'->'change'->>'bridge_id' = 'p6-b'",
    );
    expect(rows[0]!.n).toBe('20');
    expect(others).toHaveLength(2);
  }, 60_000);
});

describe('the bridges over HTTP', () => {
  it('show the operator everything, and an organisation where to point its carrier', async () => {
    const { admin, member } = await inPools('p7');
    await voices.bridge('p7-a', { pool: 'p7', applied_position: 1 }).speak();
    await registered('p7-a');
    const { admin: stranger } = await mesh.organization();
    expect((await stranger('GET', '/api/v1/bridges')).body).toEqual([]);
    expect((await stranger('GET', '/api/v1/bridges/p7-a')).status).toBe(404);
    const {
      body: { id },
    } = await admin('POST', TRUNKS, registering('p7'));
    // At once on the instance that registered the bridge, within a second on another.
    await eventually(async () => (await owner(admin, id)) === 'p7-a');
    const visible = { id: 'p7-a', pool: 'p7', sip_address: 'p7-a.example.com', status: 'active', alive: true };
    expect((await member('GET', '/api/v1/bridges')).body).toEqual([visible]);
    expect((await member('GET', '/api/v1/bridges/p7-a')).body).toEqual(visible);
    const { body } = await mesh.operator('GET', '/api/v1/bridges/p7-a');
    expect(body).toMatchObject({
      ...visible,
      health: 'serving',
      placed_trunks: 1,
      last_heard_at: expect.any(String),
      heartbeat: { agent_version: '0.1.0', freeswitch: { version: '1.10.12' }, gateways: { REGED: 1 }, drift: 0 },
      refused_addresses: [{ address: '192.0.2.9', count: 3 }],
    });
    expect(body.position.head).toBeGreaterThan(0);
    expect(body.position.behind).toBe(body.position.head - 1);
    expect((await mesh.operator('GET', '/api/v1/bridges')).body.map((each: { id: string }) => each.id)).toContain(
      'p7-a',
    );
  });

  it('follow a bridge to another address', async () => {
    const bridge = voices.bridge('p8-a', { pool: 'p8' });
    await bridge.speak();
    await registered('p8-a');
    await bridge.speak({ sip_address: '198.51.100.8' });
    await eventually(
      async () => (await mesh.operator('GET', '/api/v1/bridges/p8-a')).body.sip_address === '198.51.100.8',
    );
  });

  it('tell of a FreeSWITCH that is away', async () => {
    const bridge = voices.bridge('p9-a', { pool: 'p9' });
    await bridge.speak({ freeswitch: { connected: false, version: null, profile_running: false, since: null } });
    await eventually(async () =>
      (await mesh.operator('GET', '/api/v1/bridges/p9-a')).body.health_reason?.startsWith(
        'FreeSWITCH is not connected',
      ),
    );
  });
});
