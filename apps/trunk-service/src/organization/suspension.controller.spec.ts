import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges } from '../bridge.fixture.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let nc: NatsConnection;
let bridges: Awaited<ReturnType<typeof speakForBridges>>;
const stops: (() => void)[] = [];
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  bridges = await speakForBridges(mesh.nats.url);
  for (const id of ['bridge-1', 'bridge-2']) await bridges.bridge(id).speak();
  const known = async () => (await mesh.operator('GET', '/api/v1/bridges')).body.length === 2;
  await eventually(known, { message: 'the bridges' });
}, 60_000);
afterAll(async () => {
  await bridges?.stop();
  await nc?.close();
  await mesh?.stop();
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Speaks for a bridge's agent, and keeps what it was asked. */
async function agent(bridge: string, answer: unknown): Promise<unknown[]> {
  const asked: unknown[] = [];
  const subscription = nc.subscribe(bridgeRequest(bridge, 'calls.end'), {
    callback: (_error, message) => {
      asked.push(message.json());
      message.respond(JSON.stringify(answer));
    },
  });
  stops.push(() => {
    subscription.unsubscribe();
  });
  await nc.flush();
  return asked;
}
const suspendAt = (id: string) => `/api/v1/organizations/${id}/suspend`;
const suspendedWith = (ended_calls: object) => ({ status: 200, body: { status: 'suspended', ended_calls } });
const done = (ended: number, unconfirmed = 0) => ({ outcome: 'done', ended, unconfirmed });

describe('POST /api/v1/organizations/{id}/suspend', () => {
  it.each([[undefined], [{}], [{ end_calls: false }]])('leaves the calls up with the body %j', async (body) => {
    const { id } = await mesh.organization();
    const asked = await agent('bridge-1', done(1));
    const answer = await mesh.operator('POST', suspendAt(id), body);
    expect(answer).toMatchObject({ status: 200, body: { id, status: 'suspended' } });
    expect(answer.body).not.toHaveProperty('ended_calls');
    expect(asked).toEqual([]);
  });

  it('ends the calls on every bridge where it is asked to, and says how many', async () => {
    const { id } = await mesh.organization();
    const asked = [await agent('bridge-1', done(3)), await agent('bridge-2', done(0))];
    const answer = await mesh.operator('POST', suspendAt(id), { end_calls: true });
    expect(answer).toMatchObject(suspendedWith({ complete: true, calls_ended: 3 }));
    expect(answer.body.ended_calls.bridges).toEqual([
      { bridge_id: 'bridge-1', answered: true, calls_ended: 3, calls_unconfirmed: 0, detail: null },
      { bridge_id: 'bridge-2', answered: true, calls_ended: 0, calls_unconfirmed: 0, detail: null },
    ]);
    const request = { organization_id: id, reason: 'organization-suspended' };
    expect(asked).toEqual([[request], [request]]);
  });

  it.each<[string, unknown]>([
    ['nobody answers for it', undefined],
    ['it says what nobody understands', { outcome: 'perhaps' }],
    [
      'it refuses',
      { outcome: 'refused', code: 'switch-unavailable', message: 'The bridge could not carry out the request.' },
    ],
  ])('names a bridge where calls may go on, because %s, and may be repeated', async (_case, says) => {
    const { id } = await mesh.organization();
    await agent('bridge-1', done(1));
    if (says !== undefined) await agent('bridge-2', says);
    const first = await mesh.operator('POST', suspendAt(id), { end_calls: true });
    expect(first).toMatchObject(suspendedWith({ complete: false, calls_ended: 1 }));
    expect(first.body.ended_calls.detail).toContain('may be repeated');
    expect(first.body.ended_calls.bridges[1]).toEqual({
      bridge_id: 'bridge-2',
      answered: false,
      calls_ended: 0,
      calls_unconfirmed: 0,
      detail: expect.stringMatching(/\w+/),
    });
    for (const stop of stops.splice(0)) stop();
    await agent('bridge-1', done(0));
    await agent('bridge-2', done(2));
    const again = await mesh.operator('POST', suspendAt(id), { end_calls: true });
    expect(again).toMatchObject(suspendedWith({ complete: true, calls_ended: 2 }));
    expect(again.headers.get('ETag')).toBe(first.headers.get('ETag'));
  });

  it('is not complete where FreeSWITCH did not confirm every end', async () => {
    const { id } = await mesh.organization();
    await agent('bridge-1', done(1, 1));
    await agent('bridge-2', done(0));
    const { body } = await mesh.operator('POST', suspendAt(id), { end_calls: true });
    expect(body.ended_calls).toMatchObject({ complete: false, calls_ended: 1 });
    expect(body.ended_calls.bridges).toMatchObject([{ answered: true, calls_unconfirmed: 1 }, { answered: true }]);
  });

  it("is the operator's alone, and checks what it is sent before anything is done", async () => {
    const { id, admin, member, publisher } = await mesh.organization();
    const other = await mesh.organization();
    const asked = await agent('bridge-1', done(1));
    for (const api of [admin, member, publisher, other.admin, other.member]) {
      const refused = { status: 403, body: { code: 'not-allowed' } };
      expect(await api('POST', suspendAt(id), { end_calls: true })).toMatchObject(refused);
    }
    for (const [body, pointer] of [
      [{ end_calls: 'yes' }, '/end_calls'],
      [{ end_call: true }, '/end_call'],
    ] as const) {
      const refused = { status: 400, body: { errors: [{ pointer }] } };
      expect(await mesh.operator('POST', suspendAt(id), body)).toMatchObject(refused);
    }
    const nobody = suspendAt('0190a000-0000-7000-8000-00000000dead');
    expect(await mesh.operator('POST', nobody, { end_calls: true })).toMatchObject({ status: 404 });
    expect(asked).toEqual([]);
    expect((await member('GET', `/api/v1/organizations/${id}`)).body).toMatchObject({ status: 'active' });
  });

  it('is described as it is: the body may be left out, and what goes on is said', async () => {
    const { body } = await mesh.operator('GET', '/api/openapi.json');
    const { summary, requestBody } = body.paths['/api/v1/organizations/{id}/suspend'].post;
    expect(summary).toContain('calls that go on stay up unless `end_calls`');
    expect(requestBody.required).toBe(false);
    const { $ref } = requestBody.content['application/json'].schema;
    expect(body.components.schemas[$ref.split('/').at(-1)].properties).toMatchObject({
      end_calls: { type: 'boolean', default: false },
    });
  });
});
