import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { apiOf, startMesh, type Mesh } from '../mesh.fixture.js';

const CONNECTION = '/api/v1/connection';

let mesh: Mesh;
let voices: Awaited<ReturnType<typeof speakForBridges>>;
beforeAll(async () => {
  mesh = await startMesh();
  voices = await speakForBridges(mesh.nats.url);
  const connection = { tls_port: 5061, rtp: { first: 10_000, last: 20_000 } };
  await voices.bridge('common', { sip_address: '203.0.113.7:5070', connection }).speak();
  await voices.bridge('older', { sip_address: 'localhost' }).speak();
  await voices.bridge('dedicated', { pool: 'dedicated', sip_address: '203.0.113.9' }).speak();
  for (const id of ['common', 'older', 'dedicated'])
    await eventually(async () => (await mesh.operator('GET', `/api/v1/bridges/${id}`)).body.alive === true, {
      timeoutMs: 40_000,
    });
}, 100_000);
afterAll(async () => {
  await voices?.stop();
  await mesh?.stop();
});

describe('GET /api/v1/connection', () => {
  it('tells any key of the organisation what to enter at its carrier, of its own pools only', async () => {
    const { id, admin, member, publisher } = await mesh.organization();
    const expected = {
      bridges: [
        {
          id: 'common',
          pool: 'default',
          host: '203.0.113.7',
          addresses: ['203.0.113.7'],
          transports: [
            { transport: 'udp', port: 5070 },
            { transport: 'tcp', port: 5070 },
            { transport: 'tls', port: 5061 },
          ],
          rtp: { first: 10_000, last: 20_000 },
          status: 'active',
          alive: true,
        },
        {
          id: 'older',
          pool: 'default',
          host: 'localhost',
          addresses: expect.arrayContaining(['127.0.0.1']),
          transports: [
            { transport: 'udp', port: 5060 },
            { transport: 'tcp', port: 5060 },
          ],
          rtp: null,
          status: 'active',
          alive: true,
        },
      ],
      codecs: ['PCMU', 'PCMA'],
      called_number_headers: [
        'Diversion',
        'History-Info',
        'X-Original-Called',
        'X-Original-Number',
        'X-Forwarded-To',
        'X-Original-To',
        'P-Called-Party-ID',
      ],
    };
    for (const api of [admin, member, publisher])
      expect(await api('GET', CONNECTION)).toMatchObject({ status: 200, body: expected });
    const named = { 'X-Organization-Id': id };
    expect((await mesh.operator('GET', CONNECTION, undefined, named)).body).toMatchObject(expected);
  });

  it("is another organisation's pool for that organisation alone", async () => {
    const [one, other] = [await mesh.organization(), await mesh.organization()];
    await mesh.operator('PATCH', `/api/v1/organizations/${one.id}`, { bridge_pools: ['dedicated'] });
    const bridgesOf = async (api: typeof one.admin) =>
      (await api('GET', CONNECTION)).body.bridges.map(({ id }: { id: string }) => id);
    expect(await bridgesOf(one.member)).toEqual(['dedicated']);
    expect(await bridgesOf(other.admin)).toEqual(['common', 'older']);
    const named = { 'X-Organization-Id': one.id };
    expect((await other.admin('GET', CONNECTION, undefined, named)).status).toBe(403);
  });

  it('is refused without a key, and to the bootstrap key that names no organisation', async () => {
    expect((await fetch(mesh.service.url + CONNECTION)).status).toBe(401);
    expect((await apiOf(mesh.service.url, `tm_0123456789abcdef_${'x'.repeat(43)}`)('GET', CONNECTION)).status).toBe(
      401,
    );
    expect((await mesh.operator('GET', CONNECTION)).status).toBe(400);
  });
});

describe('GET /api/v1/users/me', () => {
  const ME = '/api/v1/users/me';

  it("is the key's organisation, role, name and prefix, and nothing of the key itself", async () => {
    const { id, admin } = await mesh.organization('Dental practice');
    for (const role of ['admin', 'member', 'publisher'] as const) {
      const made = (await admin('POST', '/api/v1/api-keys', { name: `key of a ${role}`, role })).body;
      const me = await apiOf(mesh.service.url, made.key as string)('GET', ME);
      expect(me).toMatchObject({
        status: 200,
        body: {
          role,
          organization: { id, name: 'Dental practice', status: 'active', time_zone: 'UTC' },
          key: { id: made.id, name: `key of a ${role}`, prefix: made.prefix, created_at: made.created_at },
        },
      });
      expect(JSON.stringify(me.body)).not.toContain((made.key as string).slice(made.prefix.length));
    }
  });

  it('shows the bootstrap key whom it acts for, and refuses strangers and other organisations', async () => {
    const { id, member } = await mesh.organization('One');
    const other = await mesh.organization('Other');
    expect((await mesh.operator('GET', ME)).body).toEqual({ role: 'bootstrap', organization: null, key: null });
    expect((await mesh.operator('GET', ME, undefined, { 'X-Organization-Id': id })).body).toEqual({
      role: 'bootstrap',
      organization: { id, name: 'One', status: 'active', time_zone: 'UTC' },
      key: null,
    });
    expect((await member('GET', ME, undefined, { 'X-Organization-Id': other.id })).status).toBe(403);
    expect((await fetch(mesh.service.url + ME)).status).toBe(401);
  });
});
