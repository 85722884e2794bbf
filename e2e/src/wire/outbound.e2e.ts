import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import { originateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import { encode, fromL16 } from '@trunkmesh/testkit/rtp/g711.js';
import { tone, toneLevel } from '@trunkmesh/testkit/rtp/tone.js';
import type { HeardInvite } from '@trunkmesh/testkit/sip/callee-script.js';
import { startSipCallee, type SipCallee } from '@trunkmesh/testkit/sip/sip-callee.net.js';
import {
  addNumber,
  ROOT,
  callEvents,
  statusOf,
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
const RECORDED = '+15550108202';
const LOUD = 4_000;
let test: TestMesh;
let org: Organization;
let nats: NatsConnection;
let callees: SipCallee[];
let trunks: Trunk[];
let numberId: string;
let recordedId: string;
let assistant: Assistant;
/** It takes everything and says nothing. */
let silent: Socket;

beforeAll(async () => {
  silent = createSocket('udp4');
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.95', resolve));
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
  // Before the other: the bridge knows it by the time that it is used.
  recordedId = (await addNumber(org, trunks[0]!, RECORDED, { record: true })).id;
  numberId = (await addNumber(org, trunks[0]!, FROM)).id;
  await originateUntilKnown();
}, 120_000);
afterAll(async () => {
  silent?.close();
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
const headersOf = ({ message }: HeardInvite) => Object.fromEntries(message.headers);

async function place(with_: Partial<OriginateRequest> = {}, over?: string[]) {
  const asked = request(with_, over);
  expect(await originate(asked)).toEqual({ outcome: 'accepted' });
  return endOf(asked);
}
const isReply = ({ headers }: { headers: [string, string][] }): boolean =>
  headers.some(([, value]) => value === 'api/response' || value === 'command/reply');
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

describe("FreeSWITCH's parser of dial strings", () => {
  const DIAL_STRING = pathToFileURL(join(ROOT, 'apps/bridge-agent/dist/outbound/dial-string.js')).href;
  const NASTY = [...`,='"\\<>[]()|^$ ;:@&%~!abnrts`, 'é', '€'];
  it('hands over every value as it is, whatever it holds', async () => {
    const { dialValue } = (await import(DIAL_STRING)) as { dialValue(name: string, value: string): string };
    const { esl } = test.mesh.bridges[0]!.bridge;
    const client = await EslClient.connect(esl.port);
    let replies = 0;
    const command = async (line: string): Promise<string> => {
      client.send(line);
      replies += 1;
      const reply = await eventually(() => client.frames.filter(isReply)[replies - 1], {
        intervalMs: 2,
        message: line,
      });
      return reply.body ?? '';
    };
    try {
      await command(`auth ${esl.password}`);
      const text = fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...NASTY) });
      await fc.assert(
        fc.asyncProperty(text, async (value) => {
          fc.pre(value === value.trim() && !value.startsWith('^^'));
          const uuid = randomUUID();
          const variables = `origination_uuid=${uuid},x_test=${dialValue('x_test', value)},x_after=1`;
          // Nobody answers there: the channel is up for as long as it takes to ask.
          await command(`bgapi originate {${variables}}sofia/external/1@127.0.0.95:${silent.address().port} &park()`);
          await eventually(async () => (await command(`api uuid_exists ${uuid}`)) === 'true', {
            intervalMs: 5,
            message: 'the channel',
          });
          // The client of these tests reads bytes.
          expect(await command(`api uuid_getvar ${uuid} x_test`)).toBe(Buffer.from(value).toString('latin1'));
          expect(await command(`api uuid_getvar ${uuid} x_after`)).toBe('1');
          await command(`api uuid_kill ${uuid}`);
        }),
        { numRuns: 100 },
      );
    } finally {
      client.close();
    }
  });
});

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

  it('an unknown host: the second answers', async () => {
    const settings = { name: 'unknown host', gateway: 'nowhere.invalid', register: false };
    const unknown = await org.api.post<Trunk>('/api/v1/sip-trunks', settings);
    // It is not given to FreeSWITCH, and its status says why.
    await eventually(async () => JSON.stringify(await statusOf(org, unknown)).includes('does not resolve'), {
      timeoutMs: 20_000,
      message: 'the status of the trunk',
    });
    callees[1]!.will({ outcome: 'answer', hangUpAfterMs: 100 });
    const data = await place({}, [unknown.id, trunks[1]!.id]);
    expect(data['attempts']).toMatchObject([
      { reason: 'no-gateway', sip_status: null, failed_over: true },
      { outcome: 'answered', trunk_id: trunks[1]!.id },
    ]);
  }, 60_000);

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

describe('a carrier that changes the codec of an answered call', () => {
  it('is heard, and hears the assistant, before and after', async () => {
    const callee = callees[0]!;
    callee.will({ outcome: 'answer', ringMs: 200 });
    // The assistant says everything back.
    assistant.onConnection = (connection) => connection.echo();
    const asked = request({}, [trunks[0]!.id]);
    await originate(asked);
    const invite = await eventually(() => callee.open().find(({ state }) => state === 'answered'), {
      message: 'the answer',
    });
    const audio = invite.audio!;
    for (const codec of [undefined, 'PCMA', 'PCMU'] as const) {
      if (codec !== undefined) {
        expect(await callee.reinvite(invite, codec)).toBe(200);
        audio.speak({ codec });
      }
      const from = audio.heard.length;
      await eventually(
        () => {
          audio.say(tone(880, 5));
          const last = audio.heard.slice(from).at(-1);
          return last !== undefined && (codec ?? last.codec) === last.codec && toneLevel(last.samples, 880) > LOUD;
        },
        { timeoutMs: 10_000, intervalMs: 100, message: `the echo in ${codec ?? 'the first codec'}` },
      );
    }
    await hangUp(asked.call_id);
    expect(await endOf(asked)).toMatchObject({ end_reason: 'api-hung-up', attempts: [{ outcome: 'answered' }] });
    assistant.onConnection = undefined;
  }, 60_000);
});

describe('a recorded call', () => {
  it('has the called party left and the assistant right, as an inbound call has its caller', async () => {
    const callee = callees[0]!;
    callee.will({ outcome: 'answer', ringMs: 200 });
    assistant.onConnection = (connection) => {
      connection.onMessage = ({ event }) => {
        if (event === 'start') connection.say(encode('PCMU', tone(440, 100)));
      };
    };
    const asked = request({ from: RECORDED, caller_id: RECORDED, number_id: recordedId }, [trunks[0]!.id]);
    await eventually(async () => (await originate(asked)).outcome === 'accepted', { timeoutMs: 20_000 });
    const invite = await eventually(() => callee.open().find(({ state }) => state === 'answered'), {
      message: 'the answer',
    });
    invite.audio!.say(tone(880, 50));
    await sleep(1_500);
    await hangUp(asked.call_id);
    const { recording } = await eventually(
      async () => {
        const found = await org.api.get<CallDetail>(`/api/v1/calls/${callSid(asked.call_id)}`);
        return found.recording?.state === 'local' ? found : undefined;
      },
      { timeoutMs: 20_000, message: 'the recording' },
    );
    expect(recording!.duration_ms).toBeGreaterThan(1_000);
    const samples = fromL16((await readFile(recording!.location)).subarray(44));
    const [left, right] = [0, 1].map((side) => samples.filter((_sample, nth) => nth % 2 === side)) as [
      Int16Array,
      Int16Array,
    ];
    expect(toneLevel(left, 880)).toBeGreaterThan(10 * toneLevel(right, 880));
    expect(toneLevel(right, 440)).toBeGreaterThan(10 * toneLevel(left, 440));
    assistant.onConnection = undefined;
  }, 60_000);
});

describe('who calls, as each carrier wants to read it', () => {
  it.each([
    ['by default', {}, { 'P-Asserted-Identity': /^<sip:\+15550108201@/ }, /^<sip:\+15550108201@127\.0\.0\.91>/],
    [
      'with a Remote-Party-ID, and withheld',
      { p_asserted_identity: false, remote_party_id: true, privacy: 'id', number_format: 'e164-without-plus' },
      { 'Remote-Party-ID': /^<sip:15550108201@.*;privacy=full$/, Privacy: /^id$/ },
      /^<sip:15550108201@/,
    ],
    [
      'as the account, diverted, by name',
      { from_user: '{{username}}', diversion: '{{from}}', display_name: 'Dental, Example' },
      { Diversion: /^<sip:\+15550108201@.*>;reason=unconditional$/, 'X-Call': /^CA[\da-f]{32}$/ },
      /^"Dental, Example" <sip:account@/,
    ],
    ['anonymous', { privacy: 'anonymous' }, { Privacy: /^id$/ }, /^"Anonymous" <sip:anonymous@anonymous\.invalid>/],
  ] as const)('%s', async (name, identity, headers, from) => {
    const [callee] = callees as [SipCallee, SipCallee];
    callee.will({ outcome: 486 });
    const settings = { name, gateway: callee.gateway, register: false, username: 'account', identity };
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      ...settings,
      headers: { 'X-Call': '{{call_sid}}' },
    });
    await untilLive(org, trunk);
    await place({}, [trunk.id]);
    const invite = callee.invites.at(-1)!;
    for (const [header, value] of Object.entries(headers)) expect(headersOf(invite)[header]).toMatch(value);
    expect(headersOf(invite)['From']).toMatch(from);
    expect(invite.uri).toBe(`sip:${TO}@${callee.gateway}`);
    if ('p_asserted_identity' in identity) expect(headersOf(invite)).not.toHaveProperty('P-Asserted-Identity');
  });
});

describe('a transfer of an outbound call', () => {
  it.each([
    ['is carried out', { status: 202, target: 200 }, { outcome: 'transferred', target_status: 200 }],
    ['is refused', { status: 603, target: 0 }, { outcome: 'refused', refer_status: 603 }],
    ['fails after the 202', { status: 202, target: 486 }, { outcome: 'refused', target_status: 486 }],
  ] as const)('%s', async (_what, refer, expected) => {
    const [callee] = callees as [SipCallee, SipCallee];
    callee.will({ outcome: 'answer', refer });
    const asked = request({}, [trunks[0]!.id]);
    await originate(asked);
    await eventually(() => callee.open().some(({ state }) => state === 'answered'), { message: 'the answer' });
    const { call_id, organization_id } = asked;
    const transfer = JSON.stringify({ call_id, organization_id, to: '+15550108299' });
    const answer = await eventually(
      async () => {
        const reply = await nats.request(bridgeRequest(bridge(), 'call.transfer'), transfer, { timeout: 30_000 });
        const said = reply.json<{ outcome: string; code?: string }>();
        return said.code === 'call-not-answered' ? undefined : said;
      },
      { message: 'the transfer' },
    );
    expect(answer).toMatchObject({ outcome: 'ended', transfer: expected });
    // After a 202 FreeSWITCH gives the dialog up when the target refuses, and the agent ends what is left of the call.
    if (refer.status === 603) {
      expect(callee.open()).toHaveLength(1);
      await hangUp(call_id);
    }
    expect(await endOf(asked)).toMatchObject({ transfer: expected });
    await eventually(() => callee.open().length === 0, { message: 'nothing at the carrier' });
  });
});

describe('a carrier that asks who calls', () => {
  it('gets the credentials of the trunk, and a wrong password is refused', async () => {
    const [callee] = callees as [SipCallee, SipCallee];
    callee.will({ outcome: 'answer', hangUpAfterMs: 100, challenge: 'account' });
    const settings = { gateway: callee.gateway, register: false, password: 'secret' };
    const right = await org.api.post<Trunk>('/api/v1/sip-trunks', { ...settings, name: 'right', username: 'account' });
    const wrong = await org.api.post<Trunk>('/api/v1/sip-trunks', { ...settings, name: 'wrong', username: 'nobody' });
    await Promise.all([right, wrong].map((trunk) => untilLive(org, trunk)));
    expect(await place({}, [right.id])).toMatchObject({ attempts: [{ outcome: 'answered' }] });
    expect(await place({}, [wrong.id])).toMatchObject({ attempts: [{ reason: 'carrier-refused' }] });
  });

  it('is reached through its outbound proxy, and sees its own name in the Request-URI', async () => {
    const [proxy] = callees as [SipCallee, SipCallee];
    proxy.will({ outcome: 'answer', hangUpAfterMs: 100, challenge: 'account' });
    const account = { gateway: 'sip.example.com', username: 'account', password: 'secret' };
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      ...account,
      name: 'proxied',
      outbound_proxy: proxy.gateway,
    });
    await untilLive(org, trunk);
    expect(proxy.registers[0]).toMatch(/^sip:sip\.example\.com(;|$)/);
    // FreeSWITCH places calls through a gateway a second after its REGISTER was answered (ADR 0005).
    const attempt = await eventually(async () => {
      const [first] = (await place({}, [trunk.id]))['attempts'] as { outcome: string; reason: string }[];
      return first!.reason === 'gateway-down' ? undefined : first;
    });
    expect(attempt).toMatchObject({ outcome: 'answered' });
    const invite = proxy.invites.at(-1)!;
    expect(invite.uri).toMatch(/^sip:\+15559876543@sip\.example\.com(;|$)/);
    expect(headersOf(invite)['From']).toMatch(/@sip\.example\.com>/);
    expect(headersOf(invite)).not.toHaveProperty('Route');
    await org.api.delete(`/api/v1/sip-trunks/${trunk.id}`);
  });

  it('that does not answer OPTIONS is down, and is not dialled', async () => {
    const [, second] = callees as [SipCallee, SipCallee];
    second.will({ outcome: 'answer', hangUpAfterMs: 100 });
    const silent = { name: 'silent', gateway: '127.0.0.94:5998', register: false, ping_seconds: 5 };
    const down = await org.api.post<Trunk>('/api/v1/sip-trunks', silent);
    await eventually(
      async () => {
        const data = await place({}, [down.id, trunks[1]!.id]);
        const [first] = data['attempts'] as { reason: string }[];
        expect(data['attempts']).toMatchObject([{}, { outcome: 'answered' }]);
        return first?.reason === 'gateway-down';
      },
      { timeoutMs: 30_000, intervalMs: 500, message: 'the gateway to be down' },
    );
  });
});

describe('cancel', () => {
  it('at a hundred random moments leaves nothing ringing and no channel', async () => {
    const random = seeded(7);
    const callee = callees[0]!;
    callee.will(() => ({ outcome: 'answer', ringMs: Math.floor(random.next() * 60) }));
    const ends: Awaited<ReturnType<typeof endOf>>[] = [];
    for (let round = 0; round < 5; round += 1) {
      const asked = Array.from({ length: 20 }, () => request({}, [trunks[0]!.id]));
      await Promise.all(
        asked.map(async (one) => {
          await originate(one);
          await sleep(random.next() * 120);
          await hangUp(one.call_id);
        }),
      );
      ends.push(...(await Promise.all(asked.map(endOf))));
    }
    // An answer that was on its way when the call was canceled counts as one, and was hung up at once.
    for (const end of ends) expect(['canceled', 'api-hung-up']).toContain(end['end_reason']);
    await eventually(() => callee.open().length === 0, { message: 'nothing at the carrier' });
    await eventually(async () => (await channels()) === '0 total.', { message: 'no channel in FreeSWITCH' });
  });
});
