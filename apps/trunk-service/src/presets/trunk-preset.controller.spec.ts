import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { apiOf, startMesh, type Mesh } from '../mesh.fixture.js';

const TRUNKS = '/api/v1/sip-trunks';
interface Preset {
  id: string;
  carrier_side: { template: string; values: string[] }[];
}

let mesh: Mesh;
let voices: Awaited<ReturnType<typeof speakForBridges>>;
beforeAll(async () => {
  mesh = await startMesh();
  voices = await speakForBridges(mesh.nats.url);
  await voices.bridge('common', { sip_address: '203.0.113.7' }).speak();
  await voices.bridge('dedicated', { pool: 'dedicated', sip_address: '203.0.113.9' }).speak();
  for (const id of ['common', 'dedicated'])
    await eventually(async () => (await mesh.operator('GET', `/api/v1/bridges/${id}`)).body.alive === true, {
      timeoutMs: 40_000,
    });
}, 100_000);
afterAll(async () => {
  await voices?.stop();
  await mesh?.stop();
});

describe('GET /api/v1/sip-trunks/presets', () => {
  it("says what to enter at the carrier for the organisation's own bridges, to any of its keys", async () => {
    const { admin, member, publisher } = await mesh.organization();
    for (const api of [admin, member, publisher]) {
      const { status, body } = await api('GET', `${TRUNKS}/presets`);
      expect(status).toBe(200);
      const twilio = (body as Preset[]).find(({ id }) => id === 'twilio');
      expect(twilio!.carrier_side.map(({ values }) => values)).toEqual([['sip:203.0.113.7'], ['203.0.113.7/32']]);
    }
    expect(
      (await apiOf(mesh.service.url, `tm_0123456789abcdef_${'x'.repeat(43)}`)('GET', `${TRUNKS}/presets`)).status,
    ).toBe(401);
  });
});

describe('POST /api/v1/sip-trunks with a preset', () => {
  it('makes a trunk with the settings of the preset, and keeps the password as any other', async () => {
    const { admin } = await mesh.organization();
    const written = { name: 'Carrier', preset: 'sipgate', username: '1234567t0', password: 'secret' };
    const made = await admin('POST', TRUNKS, written);
    expect(made).toMatchObject({
      status: 201,
      body: { gateway: 'sipconnect.sipgate.de', provider: 'sipgate trunking', has_password: true },
    });
    expect(made.body).not.toHaveProperty('preset');
    expect(await admin('GET', `${TRUNKS}/${made.body.id}`)).toMatchObject({ status: 200, body: { register: true } });
  });

  it('answers what is missing with where to find it, and changes no trunk by a preset afterwards', async () => {
    const { admin, member } = await mesh.organization();
    const refused = await admin('POST', TRUNKS, { name: 'Carrier', preset: 'telnyx' });
    expect(refused).toMatchObject({ status: 400 });
    expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/username', '/password']);
    expect((await member('POST', TRUNKS, { name: 'Carrier', preset: 'twilio', gateway: 'acme' })).status).toBe(403);
    const { body } = await admin('POST', TRUNKS, { name: 'Carrier', preset: 'twilio', gateway: 'acme' });
    expect(
      (await admin('PUT', `${TRUNKS}/${body.id}`, { name: 'a', gateway: 'a.example.com', preset: 'plivo' })).status,
    ).toBe(400);
  });
});
