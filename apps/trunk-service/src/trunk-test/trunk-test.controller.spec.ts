import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/nats-core';
import { callEvent, type CallEnded, type CallEvent, type CallStarted } from '@trunkmesh/contracts/call.js';
import { bridgeRequest, CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkTestRequest, type TrunkTestAnswer, type TrunkTestRequest } from '@trunkmesh/contracts/trunk-test.js';
import { open } from '@trunkmesh/runtime/key-ring.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { speakForBridges, type SpokenBridge } from '../bridge.fixture.js';
import { apiOf, startMesh, type Mesh } from '../mesh.fixture.js';
import { answerForRouting } from '../routing.fixture.js';

const TRUNKS = '/api/v1/sip-trunks';
const PASSWORD = 'open sesame';

let mesh: Mesh;
let voices: Awaited<ReturnType<typeof speakForBridges>>;
let bridge: SpokenBridge;
let nc: NatsConnection;
let subscription: Subscription;
let stopRouting: () => Promise<void>;
const asked: TrunkTestRequest[] = [];
const wires: string[] = [];
const DONE: TrunkTestAnswer = {
  outcome: 'done',
  checks: [{ check: 'options', result: 'pass', cause: null, seen: 'Seen.', todo: null, sip_status: 200 }],
};
/** What bridge b1 answers; a promise is answered when it settles. */
let answer: () => TrunkTestAnswer | Promise<TrunkTestAnswer> = () => DONE;

beforeAll(async () => {
  mesh = await startMesh();
  voices = await speakForBridges(mesh.nats.url);
  bridge = voices.bridge('b1');
  await bridge.speak();
  await eventually(async () => (await mesh.operator('GET', '/api/v1/bridges/b1')).body.alive === true);
  nc = await connectNats(mesh.nats.url, { name: 'agent', logger: createLogger('test', { level: 'silent' }) });
  listen();
  stopRouting = await answerForRouting(mesh.nats.url);
}, 60_000);
/** Bridge b1 runs tests from now on. */
function listen() {
  subscription = nc.subscribe(bridgeRequest('b1', 'diagnose'), {
    callback: (_error, message) => {
      wires.push(message.string());
      asked.push(trunkTestRequest.parse(message.json()));
      void Promise.resolve(answer()).then((given) => message.respond(JSON.stringify(given)));
    },
  });
}
afterAll(async () => {
  await stopRouting?.();
  await nc?.close();
  await voices?.stop();
  await mesh?.stop();
});
beforeEach(() => {
  asked.length = 0;
  answer = () => DONE;
});

const SETTINGS = { gateway: 'sip.example.com', username: 'alice', password: PASSWORD };
const opened = ({ password }: TrunkTestRequest) =>
  password === null ? null : open(mesh.service.parts.keyRing, password.sealed, password.bound_to);
let last = 0;
const SAMPLES = new URL('../../../../libs/contracts/samples/', import.meta.url);
const sampleOf = (type: CallEvent['type']): CallEvent =>
  callEvent.parse(JSON.parse(readFileSync(new URL(`${type}.json`, SAMPLES), 'utf8')));
const saved = async (admin: Mesh['operator'], over: object = {}) =>
  (await admin('POST', TRUNKS, { name: `T${(last += 1)}`, ...SETTINGS, ...over })).body;

/** Waits until routing knows it. */
async function addNumber(admin: Mesh['operator'], phone_number: string): Promise<string> {
  const { id } = (await admin('POST', '/api/v1/phone-numbers', { phone_number, assistant_id: 5 })).body;
  await eventually(async () => {
    const { body } = await admin('GET', `/api/v1/phone-numbers/${id}/readiness`);
    return !['unknown-number', 'no-trunk'].includes(body.outbound.missing?.code);
  });
  return id as string;
}

describe('a test of a saved trunk', () => {
  it('is run by its bridge, with its sealed password', async () => {
    const { id, admin } = await mesh.organization();
    const trunk = await saved(admin);
    const { status, body } = await admin('POST', `${TRUNKS}/${trunk.id}/test`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { result: 'pass', bridge_id: 'b1', checks: [{ check: 'options', result: 'pass' }] },
    });
    expect(asked).toMatchObject([
      { organization_id: id, is_registered: false, call: null, trunk: { gateway: 'sip.example.com' } },
    ]);
    expect(opened(asked[0]!)).toBe(PASSWORD);
  });

  it('knows whether the trunk is registered now', async () => {
    const { admin } = await mesh.organization();
    const trunk = await saved(admin);
    await bridge.report(trunk);
    await admin('POST', `${TRUNKS}/${trunk.id}/test`);
    await admin('POST', `${TRUNKS}/probe`, SETTINGS);
    expect(asked.map(({ is_registered }) => is_registered)).toEqual([true, true]);
  });

  it('is only for admins of its organisation', async () => {
    const [mine, other] = [await mesh.organization(), await mesh.organization()];
    const trunk = await saved(mine.admin);
    expect((await mine.member('POST', `${TRUNKS}/${trunk.id}/test`)).status).toBe(403);
    expect((await mine.member('POST', `${TRUNKS}/probe`, SETTINGS)).status).toBe(403);
    expect(await other.admin('POST', `${TRUNKS}/${trunk.id}/test`)).toMatchObject({
      status: 404,
      body: { code: 'trunk-not-found' },
    });
    expect(asked).toEqual([]);
  });
});

describe('a probe', () => {
  it('tests settings that are not saved, and stores nothing', async () => {
    const { admin } = await mesh.organization();
    const { status } = await admin('POST', `${TRUNKS}/probe`, { ...SETTINGS, transport: 'tls' });
    expect(status).toBe(200);
    expect(asked[0]).toMatchObject({ trunk: { transport: 'tls', username: 'alice' } });
    expect(opened(asked[0]!)).toBe(PASSWORD);
    expect(wires.join()).not.toContain(PASSWORD);
    expect((await admin('GET', TRUNKS)).body).toEqual([]);
  });

  it.each([
    [{ gateway: '10.0.0.1' }, '/gateway'],
    [{ gateway: '0.0.0.0' }, '/gateway'],
    [{ username: null }, '/username'],
    [{ bridge_pool: 'eu' }, '/bridge_pool'],
    [{ number: '+15550109999' }, '/from'],
    [{ other: 1 }, '/other'],
  ])('with %j is refused as a new trunk would be', async (over, pointer) => {
    const { admin } = await mesh.organization();
    const { status, body } = await admin('POST', `${TRUNKS}/probe`, { ...SETTINGS, ...over });
    expect({ status, errors: body.errors }).toMatchObject({ status: 400, errors: [{ pointer }] });
    expect(asked).toEqual([]);
  });
});

describe('a test with a call', () => {
  it('places what the plan of an outbound call allows, in the spelling of the carrier', async () => {
    const { admin } = await mesh.organization();
    const rules = [{ direction: 'outbound', prefix: '+', strip: 1 }];
    const trunk = await saved(admin, { number_rules: rules });
    const number_id = await addNumber(admin, '+12015550160');
    const call = { from: '+12015550160', number: '(201) 555-0123' };
    const { body } = await admin('POST', `${TRUNKS}/${trunk.id}/test`, call);
    expect(body.result).toBe('pass');
    expect(asked.at(-1)!.call).toEqual({
      from: '+12015550160',
      to: '+12015550123',
      dialled: '12015550123',
      number_id,
    });
    await admin('POST', `${TRUNKS}/probe`, { ...SETTINGS, ...call });
    expect(asked.at(-1)!.call).toMatchObject({ to: '+12015550123', dialled: '+12015550123' });
  });

  it.each([
    ['+33123456789', 403, 'country-not-allowed'],
    ['911', 403, 'emergency-number'],
    ['+19005550123', 403, 'special-number'],
    ['alice', 400, 'not-a-public-number'],
  ])('to %s is refused, and nothing is sent', async (number, status, reason) => {
    const { admin } = await mesh.organization();
    const trunk = await saved(admin);
    const from = `+1201555${String((last += 1)).padStart(4, '0')}`;
    await addNumber(admin, from);
    const refused = { status, body: { reason } };
    expect(await admin('POST', `${TRUNKS}/${trunk.id}/test`, { from, number })).toMatchObject(refused);
    expect(await admin('POST', `${TRUNKS}/probe`, { ...SETTINGS, from, number })).toMatchObject(refused);
    expect(asked).toEqual([]);
  });

  it('that is refused is an event with its reason, and marked as a test', async () => {
    const { id, admin } = await mesh.organization();
    const trunk = await saved(admin);
    await addNumber(admin, '+12015550190');
    const call = { from: '+12015550190', number: '+33123456789' };
    const { body } = await admin('POST', `${TRUNKS}/${trunk.id}/test`, call);
    const subject = callSubject(id, body.call_id);
    const event = await eventually(async () => {
      const manager = await jetstreamManager(nc);
      return (
        await manager.direct.getMessage(CALLS_STREAM, { seq: 1, next_by_subj: subject }).catch(() => null)
      )?.json();
    });
    expect(event).toMatchObject({
      type: 'CallRefused',
      data: {
        reason: 'country-not-allowed',
        from: call.from,
        to: call.number,
        organization_id: id,
        trunk_test: true,
        bridge_id: null,
      },
    });
  });

  /** A test, and from now on what its call is. */
  const placed = async (from: string) => {
    const { id, admin } = await mesh.organization();
    const trunk = await saved(admin);
    await addNumber(admin, from);
    const { status } = await admin('POST', `${TRUNKS}/${trunk.id}/test`, { from, number: '+12015550125' });
    const callId = asked.at(-1)!.test_id;
    const { record } = mesh.service.parts;
    const rowOf = async (table: string) =>
      (await record.query<Record<string, unknown>>(`select * from ${table} where call_id = $1`, [callId]))[0];
    const subject = callSubject(id, callId);
    return {
      ...{ id, callId, from, trunk, subject, status },
      call: () => rowOf('outbound_calls'),
      refusal: () => rowOf('outbound_refusals'),
      due: () =>
        record.query(
          `update outbound_refusals set publish_at = now(), created_at = now() - interval '3 seconds'
           where call_id = $1`,
          [callId],
        ),
      firstEvent: async () => {
        const manager = await jetstreamManager(nc);
        const found = await manager.direct.getMessage(CALLS_STREAM, { seq: 1, next_by_subj: subject });
        return found?.json<CallEvent>();
      },
    };
  };
  /** Its bridge does not say what became of it. */
  const unreported = async (from: string) => {
    answer = () => ({ outcome: 'lost' }) as never;
    const test = await placed(from);
    expect(test.status).toBe(503);
    return test;
  };
  const minutesUntil = (at: unknown) => (Number(at) - Date.now()) / 60_000;

  it('of which the bridge reports nothing is inconclusive within minutes, in the call log', async () => {
    const test = await unreported('+12015550196');
    expect(await test.call()).toMatchObject({ state: 'accepted', ended_at: null });
    expect(minutesUntil((await test.refusal())!['publish_at'])).toBeLessThan(4);
    await test.due();
    const event = await eventually(test.firstEvent);
    expect(event).toMatchObject({
      type: 'CallRefused',
      data: {
        ...{ call_id: test.callId, organization_id: test.id, from: test.from, to: '+12015550125', trunk_test: true },
        ...{ reason: 'inconclusive', detail: expect.stringContaining('b1 did not report') },
      },
    });
    await eventually(async () => (await test.call())!['state'] === 'refused');
    // Its bridge reports later after all: that counts, once.
    const ended = sampleOf('CallEnded') as CallEnded;
    const parties = { call_id: test.callId, organization_id: test.id, direction: 'outbound', bridge_id: 'b1' };
    const data = { ...ended.data, ...parties, billable_ms: 3_000 };
    await jetstream(nc).publish(test.subject, JSON.stringify({ ...ended, subject: test.subject, data }));
    await eventually(async () => (await test.call())!['state'] === 'ended');
    expect(await test.call()).toMatchObject({ billable_ms: '3000' });
    expect((await test.firstEvent())!.type).toBe('CallRefused');
  });

  it('that its bridge has reported stays as the bridge says', async () => {
    const test = await unreported('+12015550197');
    const started = sampleOf('CallStarted') as CallStarted;
    const parties = { call_id: test.callId, organization_id: test.id, direction: 'outbound', bridge_id: 'b1' };
    const data = { ...started.data, ...parties };
    await jetstream(nc).publish(test.subject, JSON.stringify({ ...started, subject: test.subject, data }));
    await test.due();
    await eventually(async () => (await test.refusal())!['published_at'] !== null);
    expect((await test.firstEvent())!.type).toBe('CallStarted');
    expect(await test.call()).toMatchObject({ state: 'accepted', ended_at: null });
  });

  it('is inconclusive where its bridge answered and no event came within fifteen minutes', async () => {
    const test = await placed('+12015550198');
    const minutes = minutesUntil((await test.refusal())!['publish_at']);
    expect(minutes).toBeGreaterThan(14);
    expect(minutes).toBeLessThan(16);
    await test.due();
    expect(await eventually(test.firstEvent)).toMatchObject({ type: 'CallRefused', data: { reason: 'inconclusive' } });
    await eventually(async () => (await test.call())!['state'] === 'refused');
  });

  it('counts among the calls to the same number, unless nothing was dialled', async () => {
    const { id, admin } = await mesh.organization();
    const quotas = { outbound_calls_per_destination: 1 };
    await mesh.operator('PATCH', `/api/v1/organizations/${id}`, { quotas });
    const trunk = await saved(admin);
    await addNumber(admin, '+12015550195');
    const test = () => admin('POST', `${TRUNKS}/${trunk.id}/test`, { from: '+12015550195', number: '+12015550124' });
    answer = () => ({ outcome: 'refused', code: 'too-many-tests', message: 'Busy.' });
    expect(await test()).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    answer = () => DONE;
    expect((await test()).status).toBe(200);
    expect(await test()).toMatchObject({ status: 429, body: { code: 'same-destination' } });
    expect(
      await admin('POST', '/api/v1/calls', {
        from_phone_number: '+12015550195',
        to_phone_number: '+12015550124',
      }),
    ).toMatchObject({ status: 429, body: { code: 'same-destination' } });
  });

  it('that never reached a bridge counts in no limit', async () => {
    const { id, admin } = await mesh.organization();
    await mesh.operator('PATCH', `/api/v1/organizations/${id}`, { quotas: { outbound_calls_per_hour: 1 } });
    const trunk = await saved(admin);
    await addNumber(admin, '+12015550181');
    const test = () => admin('POST', `${TRUNKS}/${trunk.id}/test`, { from: '+12015550181', number: '+12015550123' });
    subscription.unsubscribe();
    await nc.flush();
    // One more than a minute may have.
    for (let nth = 0; nth < 11; nth += 1)
      expect(await test()).toMatchObject({ status: 503, body: { code: 'bridge-unavailable' } });
    listen();
    await nc.flush();
    answer = () => ({ outcome: 'refused', code: 'invalid-request', message: 'Another version.' });
    expect(await test()).toMatchObject({ status: 503, body: { code: 'bridge-unavailable' } });
    answer = () => DONE;
    expect((await test()).status).toBe(200);
    expect(await test()).toMatchObject({ status: 429, body: { code: 'calls-per-hour' } });
  });

  it("counts against the organisation's ceilings, and is refused where one is reached", async () => {
    const { id, admin } = await mesh.organization();
    await mesh.operator('PATCH', `/api/v1/organizations/${id}`, { quotas: { outbound_calls_per_hour: 1 } });
    const trunk = await saved(admin);
    await addNumber(admin, '+12015550180');
    const call = { from: '+12015550180', number: '+12015550123' };
    expect((await admin('POST', `${TRUNKS}/${trunk.id}/test`, call)).status).toBe(200);
    const refused = { status: 429, body: { code: 'calls-per-hour', retry_after_seconds: 300 } };
    expect(await admin('POST', `${TRUNKS}/${trunk.id}/test`, call)).toMatchObject(refused);
    expect(await admin('POST', `${TRUNKS}/probe`, { ...SETTINGS, ...call })).toMatchObject(refused);
    expect(asked).toHaveLength(1);
    expect((await admin('POST', `${TRUNKS}/${trunk.id}/test`)).status).toBe(200);
  });

  it("from another organisation's number is refused as from nobody's", async () => {
    const [mine, other] = [await mesh.organization(), await mesh.organization()];
    await mine.admin('POST', '/api/v1/phone-numbers', { phone_number: '+12015550170' });
    const trunk = await saved(other.admin);
    const call = { from: '+12015550170', number: '+12015550123' };
    expect(await other.admin('POST', `${TRUNKS}/${trunk.id}/test`, call)).toMatchObject({
      status: 404,
      body: { code: 'number-not-found' },
    });
    expect(asked).toEqual([]);
  });
});

describe('the limits', () => {
  it('one test of an organisation at a time; another organisation is not concerned', async () => {
    const [mine, other] = [await mesh.organization(), await mesh.organization()];
    let settle: (given: TrunkTestAnswer) => void = () => undefined;
    answer = () => new Promise((resolve) => (settle = resolve));
    const first = mine.admin('POST', `${TRUNKS}/probe`, SETTINGS);
    await eventually(() => asked.length === 1);
    const second = await mine.admin('POST', `${TRUNKS}/probe`, SETTINGS);
    expect(second).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(second.headers.get('Retry-After')).toBe('10');
    answer = () => DONE;
    expect((await other.admin('POST', `${TRUNKS}/probe`, SETTINGS)).status).toBe(200);
    settle(DONE);
    expect((await first).status).toBe(200);
  });

  it('hold across the copies of the service', async () => {
    const [{ id, admin }, copy] = [await mesh.organization(), await mesh.another()];
    const elsewhere = (body: object) =>
      apiOf(copy.url, mesh.config.BOOTSTRAP_KEY)('POST', `${TRUNKS}/probe`, body, { 'X-Organization-Id': id });
    let settle: (given: TrunkTestAnswer) => void = () => undefined;
    answer = () => new Promise((resolve) => (settle = resolve));
    const first = admin('POST', `${TRUNKS}/probe`, SETTINGS);
    await eventually(() => asked.length === 1);
    const busy = { status: 429, body: { code: 'too-many-requests', detail: expect.stringContaining('is running') } };
    expect(await elsewhere(SETTINGS)).toMatchObject(busy);
    settle(DONE);
    expect((await first).status).toBe(200);
    answer = () => DONE;
    for (let test = 1; test < 10; test += 1)
      expect((await (test % 2 === 0 ? admin('POST', `${TRUNKS}/probe`, SETTINGS) : elsewhere(SETTINGS))).status).toBe(
        200,
      );
    for (const over of [await admin('POST', `${TRUNKS}/probe`, SETTINGS), await elsewhere(SETTINGS)]) {
      expect(over).toMatchObject({ status: 429, body: { detail: expect.stringContaining('10 a minute') } });
      expect(Number(over.headers.get('Retry-After'))).toBeGreaterThan(0);
    }
    expect(asked).toHaveLength(10);
  });

  it('of a copy that was killed during a test end by themselves', async () => {
    const { id, admin } = await mesh.organization();
    const run = `insert into test_runs (id, organization_id, kind, began_at, busy_until)
      values (gen_random_uuid(), $1, 'trunk', now() - interval '31 seconds', now() - interval '1 second')`;
    await mesh.service.parts.record.query(run, [id]);
    expect((await admin('POST', `${TRUNKS}/probe`, SETTINGS)).status).toBe(200);
  });

  it('ten a minute', async () => {
    const { admin } = await mesh.organization();
    const statuses: number[] = [];
    // Two windows at most: the minute may end meanwhile.
    for (let test = 0; test < 21; test += 1) statuses.push((await admin('POST', `${TRUNKS}/probe`, SETTINGS)).status);
    expect(statuses.slice(0, 10)).toContain(200);
    expect(statuses).toContain(429);
  });

  it.each<[string, TrunkTestAnswer, number, string]>([
    ['is busy', { outcome: 'refused', code: 'too-many-tests', message: 'Busy.' }, 429, 'too-many-requests'],
    ['has failed', { outcome: 'refused', code: 'bridge-failed', message: 'Failed.' }, 503, 'bridge-unavailable'],
  ])('a bridge that %s', async (_what, given, status, code) => {
    answer = () => given;
    const { admin } = await mesh.organization();
    expect(await admin('POST', `${TRUNKS}/probe`, SETTINGS)).toMatchObject({ status, body: { code } });
  });

  it('no bridge of the pool', async () => {
    const { id } = await mesh.organization();
    const headers = { 'X-Organization-Id': id };
    const body = { ...SETTINGS, bridge_pool: 'eu' };
    expect(await mesh.operator('POST', `${TRUNKS}/probe`, body, headers)).toMatchObject({
      status: 503,
      body: { code: 'bridge-unavailable', detail: expect.stringContaining('"eu"') },
    });
  });
});

describe("a trunk's gateway", () => {
  it('is what its bridge writes, and is shown to nobody else', async () => {
    const [mine, theirs] = [await mesh.organization(), await mesh.organization()];
    const trunk = await saved(mine.admin);
    const path = `${TRUNKS}/${trunk.id}/gateway`;
    expect(await mine.member('GET', path)).toMatchObject({ status: 503, body: { code: 'bridge-unavailable' } });
    const requests: unknown[] = [];
    nc.subscribe(bridgeRequest('b1', 'gateway'), {
      callback: (_error, message) => {
        requests.push(message.json());
        message.respond(JSON.stringify({ outcome: 'file', xml: '<include/>' }));
      },
    });
    await nc.flush();
    expect(await mine.member('GET', path)).toMatchObject({
      status: 200,
      body: { bridge_id: 'b1', xml: '<include/>', message: null },
    });
    expect((await theirs.admin('GET', path)).status).toBe(404);
    await mine.admin('POST', `${TRUNKS}/${trunk.id}/disable`);
    expect((await mine.member('GET', path)).body).toMatchObject({ bridge_id: null, xml: null });
    expect(requests).toEqual([{ organization_id: mine.id, trunk_id: trunk.id }]);
  });
});
