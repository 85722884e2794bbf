import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { originateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import { startSipCallee, type SipCallee } from '@trunkmesh/testkit/sip/sip-callee.net.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';
import { seeded } from '../random.js';

/** Outbound calls through a real FreeSWITCH to carriers on the loopback. Runs where FREESWITCH names a binary. */
const FROM = '+15550108201';
const TO = '+15559876543';
let test: TestMesh;
let org: Organization;
let nats: NatsConnection;
let callees: SipCallee[];
let trunks: Trunk[];
let numberId: string;
let assistant: Assistant;

beforeAll(async () => {
  assistant = await startAssistant();
  test = await testMesh({ env: { MEDIA_URL: assistant.url } });
  org = await test.organization('Example Dental');
  nats = await connect({ servers: test.mesh.file.nats });
  callees = await Promise.all(['127.0.0.91', '127.0.0.92'].map((address) => startSipCallee({ address })));
  trunks = [];
  for (const { gateway } of callees) {
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: gateway, gateway, register: false });
    await untilLive(org, trunk);
    trunks.push(trunk);
  }
  numberId = (await addNumber(org, trunks[0]!, FROM)).id;
  await originateUntilKnown();
}, 120_000);
afterAll(async () => {
  await nats?.close();
  await Promise.all((callees ?? []).map((callee) => callee.close()));
  await test?.stop();
  await assistant?.stop();
});
afterEach(() => {
  for (const callee of callees) callee.will({ outcome: 'answer' });
});

const request = (
  with_: Partial<OriginateRequest> = {},
  over: string[] = trunks.map(({ id }) => id),
): OriginateRequest => ({
  call_id: randomUUID(),
  organization_id: org.id,
  number_id: numberId,
  from: FROM,
  to: TO,
  country: 'US',
  caller_id: FROM,
  target: { kind: 'assistant', id: 17 },
  attempts: over.map((trunk_id, priority) => ({
    trunk_id,
    priority,
    chosen_by: 'priority',
    gateway: 'up',
    pool: 'default',
    bridge_id: null,
    dialled: TO,
  })),
  requested_at: new Date().toISOString(),
  dial_until: new Date(Date.now() + 60_000).toISOString(),
  ...with_,
});
const bridge = () => test.mesh.bridges[0]!.bridge.id;
async function originate(asked: OriginateRequest) {
  const reply = await nats.request(bridgeRequest(bridge(), 'call.originate'), JSON.stringify(asked), {
    timeout: 6_000,
  });
  return originateAnswer.parse(reply.json());
}
/** The bridge learns of the number and its organisation a moment after the API. */
async function originateUntilKnown() {
  callees[0]!.will({ outcome: 486 });
  const first = request();
  await eventually(async () => (await originate(first)).outcome === 'accepted', {
    timeoutMs: 20_000,
    message: 'the bridge to know the organisation',
  });
  await endOf(first);
}
const ended = (callId: string) =>
  eventually(
    async () => {
      const events = (await callEvents(test)).filter(({ data }) => data.call_id === callId);
      return events.some(({ type }) => type === 'CallEnded') ? events : undefined;
    },
    { timeoutMs: 20_000, intervalMs: 50, message: "the call's end" },
  );
const endOf = async (asked: OriginateRequest) =>
  (await ended(asked.call_id)).find(({ type }) => type === 'CallEnded')!.data;
async function place(with_: Partial<OriginateRequest> = {}, over?: string[]) {
  const asked = request(with_, over);
  expect(await originate(asked)).toEqual({ outcome: 'accepted' });
  return endOf(asked);
}
const hangUp = (call_id: string) =>
  nats.request(bridgeRequest(bridge(), 'call.hangup'), JSON.stringify({ call_id, organization_id: org.id }), {
    timeout: 6_000,
  });
async function channels(): Promise<string> {
  const { esl } = test.mesh.bridges[0]!.bridge;
  const client = await EslClient.connect(esl.port);
  try {
    client.send(`auth ${esl.password}`);
    client.send('api show channels count');
    return await eventually(
      () => client.frames.find(({ headers }) => headers.some(([, value]) => value === 'api/response'))?.body?.trim(),
      { message: 'FreeSWITCH to answer' },
    );
  } finally {
    client.close();
  }
}

describe('what the first carrier answers', () => {
  it.each([
    [404, 'unknown-number', false],
    [486, 'busy', false],
    [480, 'no-answer', false],
    [403, 'carrier-refused', false],
    [408, 'no-response', true],
    [500, 'carrier-failed', true],
    [503, 'carrier-failed', true],
    [603, 'declined', false],
    [484, 'unknown-number', false],
    [488, 'codec-refused', false],
    [600, 'busy', false],
    [302, 'redirected', false],
  ] as const)('%d is %s; the second carrier is tried: %s', async (status, reason, next) => {
    const [first, second] = [callees[0]!, callees[1]!];
    const before = [first.invites.length, second.invites.length] as const;
    first.will({ outcome: status, contact: `sip:${TO}@${second.gateway}` });
    second.will({ outcome: 'answer', hangUpAfterMs: 100 });
    const data = await place();
    expect(first.invites.length - before[0]).toBe(1);
    expect(second.invites.length - before[1]).toBe(next ? 1 : 0);
    expect(data['attempts']).toMatchObject([
      { reason, sip_status: status, failed_over: next },
      ...(next ? [{ outcome: 'answered' }] : []),
    ]);
  });

  it('a dead port, and a trunk that is nowhere: the second answers', async () => {
    const dead = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: 'dead',
      gateway: '127.0.0.93:5999',
      register: false,
    });
    await untilLive(org, dead);
    callees[1]!.will({ outcome: 'answer', hangUpAfterMs: 100 });
    const data = await place({}, [randomUUID(), dead.id, trunks[1]!.id]);
    expect(data['attempts']).toMatchObject([
      { reason: 'no-gateway' },
      { reason: 'carrier-failed' },
      { outcome: 'answered', trunk_id: trunks[1]!.id },
    ]);
  });

  it('silence: the second answers after the ring timeout', async () => {
    callees[0]!.will({ outcome: 'silent' });
    callees[1]!.will({ outcome: 'answer', hangUpAfterMs: 100 });
    const data = await place({ ring_timeout_seconds: 5 });
    expect(data['attempts']).toMatchObject([{ reason: 'no-response' }, { outcome: 'answered' }]);
  });

  it('ringing without an answer: nobody else is rung', async () => {
    const before = callees[1]!.invites.length;
    callees[0]!.will({ outcome: 'answer', ringMs: 60_000 });
    const data = await place({ ring_timeout_seconds: 5 });
    expect(data).toMatchObject({ end_reason: 'not-answered', attempts: [{ reason: 'no-answer', ringing: true }] });
    expect(callees[1]!.invites.length).toBe(before);
  });
});

describe('an answered call', () => {
  it('has its stream before the answer, and audio both ways', async () => {
    const callee = callees[0]!;
    callee.will({ outcome: 'answer', ringMs: 400 });
    const asked = request({ welcome_message: 'Hello' });
    await originate(asked);
    const connection = await eventually(
      () =>
        assistant.connections.find((one) =>
          JSON.stringify(one.of('start')).includes(asked.call_id.replaceAll('-', '')),
        ),
      { message: 'the stream' },
    );
    const invite = await eventually(() => callee.open()[0], { message: 'the INVITE' });
    expect(invite.answeredAt).toBeUndefined();
    await eventually(() => connection.of('media').length > 10, { message: "the called party's audio" });
    await hangUp(asked.call_id);
    expect(await endOf(asked)).toMatchObject({ end_reason: 'api-hung-up', trunk_id: trunks[0]!.id });
    expect(callee.open()).toEqual([]);
  });
});

describe('cancel', () => {
  it('at a random moment leaves nothing ringing and no channel', async () => {
    const random = seeded(7);
    const callee = callees[0]!;
    callee.will(() => ({ outcome: 'answer', ringMs: Math.floor(random.next() * 60) }));
    const asked = Array.from({ length: 20 }, () => request({}, [trunks[0]!.id]));
    await Promise.all(
      asked.map(async (one) => {
        await originate(one);
        await sleep(random.next() * 120);
        await hangUp(one.call_id);
      }),
    );
    const ends = await Promise.all(asked.map(endOf));
    // An answer that was on its way when the call was canceled counts as one, and was hung up at once.
    for (const end of ends) expect(['canceled', 'api-hung-up']).toContain(end['end_reason']);
    await eventually(() => callee.open().length === 0, { message: 'nothing at the carrier' });
    await eventually(async () => (await channels()) === '0 total.', { message: 'no channel in FreeSWITCH' });
  });
});
