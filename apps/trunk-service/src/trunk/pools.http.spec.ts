import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let voices: Awaited<ReturnType<typeof speakForBridges>>;
beforeAll(async () => {
  mesh = await startMesh();
  voices = await speakForBridges(mesh.nats.url);
  for (const [id, pool] of [
    ['common', 'default'],
    ['dedicated', 'dedicated'],
  ] as const) {
    await voices.bridge(id, { pool }).speak();
    await eventually(async () => (await mesh.operator('GET', `/api/v1/bridges/${id}`)).body.alive === true, {
      timeoutMs: 40_000,
    });
  }
}, 100_000);
afterAll(async () => {
  await voices?.stop();
  await mesh?.stop();
});

const TRUNKS = '/api/v1/sip-trunks';
const SYNC = '/api/sync-organization?timeout_ms=0';
const trunk = (name: string, more: object = {}) => ({ name, gateway: 'sip.example.com', register: false, ...more });
const bridges = async (api: Api) =>
  (await api('GET', '/api/v1/bridges')).body.map(({ id }: { id: string }) => id).sort();
const allow = (id: string, bridge_pools: string[] | null) =>
  mesh.operator('PATCH', `/api/v1/organizations/${id}`, { bridge_pools });
const REFUSED = {
  status: 400,
  body: {
    errors: [
      {
        pointer: '/bridge_pool',
        detail: expect.stringContaining('("default"): use one of those, or ask the operator'),
      },
    ],
  },
};

describe('a bridge pool that the operator did not allow', () => {
  it('cannot be taken by any route, and its bridges are not seen', async () => {
    const { id: organizationId, admin, member, publisher } = await mesh.organization();
    const {
      body: { id },
    } = await admin('POST', TRUNKS, trunk('own'));
    expect(await admin('POST', TRUNKS, trunk('other', { bridge_pool: 'dedicated' }))).toMatchObject(REFUSED);
    expect(await admin('PATCH', `${TRUNKS}/${id}`, { bridge_pool: 'dedicated' })).toMatchObject(REFUSED);
    expect(await admin('PUT', `${TRUNKS}/${id}`, trunk('own', { bridge_pool: 'dedicated' }))).toMatchObject(REFUSED);
    const synced = await publisher('POST', SYNC, {
      trunks: [trunk('own'), trunk('other', { bridge_pool: 'dedicated' })],
      numbers: [],
    });
    expect(synced).toMatchObject({ status: 400, body: { errors: [{ pointer: '/trunks/1/bridge_pool' }] } });
    // A platform pushes what its customers wrote: not even the operator's key approves it on the way.
    expect(
      (
        await mesh.operator('POST', SYNC, {
          organization_id: organizationId,
          trunks: [trunk('x', { bridge_pool: 'dedicated' })],
          numbers: [],
        })
      ).status,
    ).toBe(400);
    for (const api of [admin, member, publisher]) {
      expect(await bridges(api)).toEqual(['common']);
      expect((await api('GET', '/api/v1/bridges/dedicated')).status).toBe(404);
    }
    expect((await admin('GET', TRUNKS)).body).toMatchObject([{ name: 'own', bridge_pool: 'default' }]);
  });

  it('cannot be allowed by the organisation itself, nor by another', async () => {
    const [one, other] = [await mesh.organization(), await mesh.organization()];
    const path = `/api/v1/organizations/${one.id}`;
    expect(await one.admin('PATCH', path, { bridge_pools: ['dedicated'] })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('Ask the operator') },
    });
    expect((await one.member('PATCH', path, { bridge_pools: ['dedicated'] })).status).toBe(403);
    expect((await other.admin('PATCH', path, { bridge_pools: ['dedicated'] })).status).toBe(404);
    const { body } = await one.admin('GET', path);
    expect(body.bridge_pools).toEqual(['default']);
    // A client that sends back what it read is understood.
    expect((await one.admin('PATCH', path, body)).status).toBe(200);
    expect(
      (await one.admin('POST', '/api/v1/organizations', { name: 'mine', bridge_pools: ['dedicated'] })).status,
    ).toBe(403);
  });
});

describe('a bridge pool that the operator allows', () => {
  it('is used by every route, seen, and recorded as an event', async () => {
    const { id, admin, publisher } = await mesh.organization();
    expect(await allow(id, ['dedicated', 'default', 'dedicated'])).toMatchObject({
      status: 200,
      body: { bridge_pools: ['dedicated', 'default'] },
    });
    expect(await bridges(admin)).toEqual(['common', 'dedicated']);
    expect((await admin('POST', TRUNKS, trunk('a', { bridge_pool: 'dedicated' }))).status).toBe(201);
    const { body } = await publisher('POST', SYNC, {
      trunks: [trunk('a', { bridge_pool: 'dedicated' }), trunk('b', { bridge_pool: 'dedicated' })],
      numbers: [],
    });
    expect(body).toMatchObject({ changes: { trunks: { created: { count: 1 }, unchanged: 1 } } });
    const [row] = await mesh.service.parts.record.query<{ envelope: string }>(
      'select envelope from events where subject = $1 order by version desc limit 1',
      [`trunkmesh.org.${id}.organization`],
    );
    expect(JSON.parse(row!.envelope)).toMatchObject({
      type: 'OrganizationUpdated',
      data: { change: { bridge_pools: ['dedicated', 'default'] }, state: { bridge_pools: ['dedicated', 'default'] } },
    });
  });

  it('belongs to the new organisation at once', async () => {
    const { body } = await mesh.operator('POST', '/api/v1/organizations', {
      name: 'Dedicated',
      bridge_pools: ['dedicated'],
    });
    expect(body.bridge_pools).toEqual(['dedicated']);
    const key = await mesh.operator('POST', '/api/v1/api-keys', { name: 'x', role: 'admin', organization_id: body.id });
    expect(key.status).toBe(201);
  });

  it('stays with the trunks that have it when it is no longer allowed, and no other trunk takes it', async () => {
    const { id, admin, publisher } = await mesh.organization();
    await allow(id, ['dedicated', 'default']);
    const { body: kept } = await admin('POST', TRUNKS, trunk('kept', { bridge_pool: 'dedicated' }));
    expect(await allow(id, null)).toMatchObject({ status: 200, body: { bridge_pools: ['default'] } });
    expect((await admin('PATCH', `${TRUNKS}/${kept.id}`, { priority: 3 })).body).toMatchObject({
      bridge_pool: 'dedicated',
      priority: 3,
    });
    expect((await admin('PUT', `${TRUNKS}/${kept.id}`, trunk('kept', { bridge_pool: 'dedicated' }))).status).toBe(200);
    expect((await admin('POST', `${TRUNKS}/${kept.id}/disable`)).status).toBe(200);
    expect((await admin('POST', `${TRUNKS}/${kept.id}/enable`)).status).toBe(200);
    expect(
      (await publisher('POST', SYNC, { trunks: [trunk('kept', { bridge_pool: 'dedicated' })], numbers: [] })).status,
    ).toBe(200);
    expect(await bridges(admin)).toEqual(['common', 'dedicated']);
    expect(await admin('POST', TRUNKS, trunk('new', { bridge_pool: 'dedicated' }))).toMatchObject(REFUSED);
    expect((await admin('PATCH', `${TRUNKS}/${kept.id}`, { bridge_pool: 'default' })).status).toBe(200);
    expect(await admin('PATCH', `${TRUNKS}/${kept.id}`, { bridge_pool: 'dedicated' })).toMatchObject(REFUSED);
    expect(await bridges(admin)).toEqual(['common']);
  });

  it('is any pool for the operator who acts for an organisation', async () => {
    const { id } = await mesh.organization();
    const named = { 'X-Organization-Id': id };
    expect(
      (await mesh.operator('POST', TRUNKS, trunk('by the operator', { bridge_pool: 'dedicated' }), named)).status,
    ).toBe(201);
  });
});
