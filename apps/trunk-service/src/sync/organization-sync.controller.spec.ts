import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMeshAndBridge, type SpokenBridge } from '../bridge.fixture.js';
import type { Api, Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let bridge: SpokenBridge;
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ mesh, bridge, stop } = await startMeshAndBridge());
}, 60_000);
afterAll(() => stop?.());

const SYNC = '/api/sync-organization?timeout_ms=0';
const trunk = (name: string, over: object = {}) => ({ name, gateway: 'sip.example.com', register: false, ...over });
const events = async () =>
  Number((await mesh.service.parts.record.query<{ n: string }>('select count(*) as n from events'))[0]!.n);
const names = async (api: Api) =>
  (await api('GET', '/api/v1/sip-trunks')).body.map((each: { name: string }) => each.name).sort();
const numbers = async (api: Api) =>
  (await api('GET', '/api/v1/phone-numbers')).body.map((each: { phone_number: string }) => each.phone_number);
let last = 6_000_000;
const newNumber = () => `+1555${++last}`;

describe('POST /api/sync-organization', () => {
  it('makes the organisation match the body, reports the changes, and changes nothing when repeated', async () => {
    const { publisher, admin } = await mesh.organization();
    const [one, two, three] = [newNumber(), newNumber(), newNumber()];
    const body = {
      trunks: [trunk('A'), trunk('B', { register: true, username: 'u', password: 'p' })],
      numbers: [{ phone_number: one, sip_trunk: 'A', assistant_id: 4 }, { phone_number: two }],
    };
    expect(await publisher('POST', SYNC, body)).toMatchObject({
      status: 200,
      body: {
        changed: true,
        changes: {
          trunks: { created: { count: 2, items: [{ name: 'A' }, { name: 'B' }] }, unchanged: 0 },
          numbers: { created: { count: 2 } },
        },
        total_trunks: 2,
        success: false,
      },
    });
    const before = await events();
    expect(await publisher('POST', SYNC, body)).toMatchObject({
      status: 200,
      body: { changed: false, changes: { trunks: { unchanged: 2 }, numbers: { unchanged: 2 } } },
    });
    expect(await events()).toBe(before);
    expect(
      await publisher('POST', SYNC, {
        trunks: [trunk('C'), trunk('B', { register: true, username: 'u', priority: 1 })],
        numbers: [{ phone_number: one, sip_trunk: 'C' }, { phone_number: three }],
      }),
    ).toMatchObject({
      status: 200,
      body: {
        changes: {
          trunks: {
            created: { items: [{ name: 'C' }] },
            updated: { items: [{ name: 'B' }] },
            deleted: { items: [{ name: 'A' }] },
          },
          numbers: { created: { count: 1 }, updated: { count: 1 }, deleted: { items: [{ phone_number: two }] } },
        },
      },
    });
    expect(await names(admin)).toEqual(['B', 'C']);
    expect(await numbers(admin)).toEqual([one, three]);
    expect((await admin('GET', '/api/v1/sip-trunks?name=b')).body).toMatchObject([{ has_password: true, priority: 1 }]);
  });

  it('waits for the bridges and says per trunk whether it is live', async () => {
    const { publisher, id: organization_id } = await mesh.organization();
    const body = { organization_id, trunks: [trunk('A'), trunk('B')], numbers: [] };
    await publisher('POST', SYNC, body);
    const rows = await mesh.service.parts.record.query<{
      state: { id: string; name: string; organization_id: string; gateway_revision: number };
    }>('select state from trunks where organization_id = $1 order by name_key', [organization_id]);
    const [a, b] = rows.map(({ state }) => state);
    const waiting = publisher('POST', '/api/sync-organization?timeout_ms=5000', body);
    await bridge.report(a!, { state: 'NOREG', sip_status: null, sip_phrase: null });
    await bridge.report(b!, { state: 'NOREG', ping: 'down' });
    expect(await waiting).toMatchObject({
      status: 200,
      body: {
        changed: false,
        success: false,
        live: 1,
        failed: 1,
        trunks: [
          { name: 'A', verdict: 'live' },
          { name: 'B', verdict: 'failed', summary: expect.stringContaining('OPTIONS') },
        ],
      },
    });
  });

  it("keeps the platform's ids where they are free, and never touches another organisation's trunk", async () => {
    const [a, b] = [await mesh.organization(), await mesh.organization()];
    const { body: theirs } = await b.admin('POST', '/api/v1/sip-trunks', trunk('Theirs'));
    const free = '01890000-aaaa-7000-8000-000000000001';
    const number = newNumber();
    const body = {
      trunks: [trunk('Mine', { id: free }), trunk('Other', { id: theirs.id })],
      numbers: [{ phone_number: number, sip_trunk_id: theirs.id }],
    };
    expect((await a.publisher('POST', SYNC, body)).status).toBe(200);
    const mine = (await a.admin('GET', '/api/v1/sip-trunks')).body as { id: string; name: string }[];
    expect(mine.find(({ name }) => name === 'Mine')!.id).toBe(free);
    const other = mine.find(({ name }) => name === 'Other')!;
    expect(other.id).not.toBe(theirs.id);
    expect((await a.admin('GET', '/api/v1/phone-numbers')).body).toMatchObject([{ sip_trunk_id: other.id }]);
    expect((await b.admin('GET', `/api/v1/sip-trunks/${theirs.id}`)).body.name).toBe('Theirs');
    expect(await a.publisher('POST', SYNC, body)).toMatchObject({ body: { changed: false } });
  });

  it('swaps names, and gives a name to another trunk while its owner goes', async () => {
    const { publisher, admin } = await mesh.organization();
    const [x, y] = ['01890000-bbbb-7000-8000-000000000001', '01890000-bbbb-7000-8000-000000000002'];
    const number = newNumber();
    await publisher('POST', SYNC, {
      trunks: [trunk('A', { id: x }), trunk('B', { id: y })],
      numbers: [{ phone_number: number, sip_trunk_id: y }],
    });
    expect(
      (
        await publisher('POST', SYNC, {
          trunks: [trunk('B', { id: x }), trunk('A', { id: y })],
          numbers: [{ phone_number: number, sip_trunk_id: y }],
        })
      ).status,
    ).toBe(200);
    expect(
      (
        await publisher('POST', SYNC, {
          trunks: [trunk('A', { id: x })],
          numbers: [{ phone_number: number, sip_trunk_id: x }],
        })
      ).status,
    ).toBe(200);
    expect((await admin('GET', '/api/v1/sip-trunks')).body).toMatchObject([{ id: x, name: 'A' }]);
  });

  it('does nothing where anything is wrong, and says everything that is', async () => {
    const [a, b] = [await mesh.organization(), await mesh.organization()];
    const taken = newNumber();
    await b.admin('POST', '/api/v1/phone-numbers', { phone_number: taken });
    await a.admin('POST', '/api/v1/sip-trunks', trunk('Stays'));
    const { status, body } = await a.publisher('POST', SYNC, {
      trunks: [trunk('A', { gateway: 'sip:x' }), trunk('B', { colour: 1 })],
      numbers: [{ phone_number: taken }, { phone_number: 'x' }, { phone_number: newNumber(), sip_trunk: 'nobody' }],
    });
    expect(status).toBe(400);
    expect(body.errors.map((each: { pointer: string }) => each.pointer).sort()).toEqual([
      '/numbers/0/phone_number',
      '/numbers/1/phone_number',
      '/numbers/2/sip_trunk',
      '/trunks/0/gateway',
      '/trunks/1/colour',
    ]);
    expect(JSON.stringify(body)).not.toContain(b.id);
    expect(await names(a.admin)).toEqual(['Stays']);
    for (const forgotten of [{ trunks: [] }, { numbers: [] }, [], { trunks: [], numbers: [], bridges: [] }])
      expect((await a.publisher('POST', SYNC, forgotten)).status).toBe(400);
  });

  it("approves no wide network even with the operator's key, because customers wrote the body", async () => {
    const { id } = await mesh.organization();
    const trunks = [{ name: 'Wide', gateway: 'sip.example.com', register: false, inbound_addresses: ['203.0.0.0/16'] }];
    const { status, body } = await mesh.operator('POST', SYNC, { organization_id: id, trunks, numbers: [] });
    expect({ status, pointer: body.errors?.[0]?.pointer }).toEqual({
      status: 400,
      pointer: '/trunks/0/inbound_addresses/0',
    });
  });

  it("is for the organisation's publisher and admin, and for the operator who names it", async () => {
    const [a, b] = [await mesh.organization(), await mesh.organization()];
    const body = { sip_trunks: [trunk('A')], phone_numbers: [] };
    expect((await a.member('POST', SYNC, body)).status).toBe(403);
    expect((await a.admin('POST', SYNC, body)).status).toBe(200);
    expect(await a.publisher('POST', SYNC, { ...body, organization_id: b.id })).toMatchObject({
      status: 404,
      body: { code: 'organization-not-found' },
    });
    expect((await mesh.operator('POST', SYNC, body)).status).toBe(400);
    expect(
      (await mesh.operator('POST', SYNC, { ...body, organization_id: '01890000-0000-7000-8000-000000000000' })).status,
    ).toBe(404);
    expect(await mesh.operator('POST', SYNC, { ...body, organization_id: a.id })).toMatchObject({
      status: 200,
      body: { organization_id: a.id, changed: false },
    });
  });

  it('of two at once, both are whole, one after the other', async () => {
    const { publisher, admin } = await mesh.organization();
    const bodies = ['A', 'B'].map((name) => ({
      trunks: [trunk(name)],
      numbers: [{ phone_number: newNumber(), sip_trunk: name }],
    }));
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(bodies.map((body) => publisher('POST', SYNC, body)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const [which] = await names(admin);
      expect(await names(admin)).toHaveLength(1);
      expect(await numbers(admin)).toEqual([bodies[which === 'A' ? 0 : 1]!.numbers[0]!.phone_number]);
    }
  });
});
