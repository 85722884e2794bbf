import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { Webhook } from 'standardwebhooks';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import { decodeMuLaw, encodeMuLaw } from '../audio/g711.js';
import type { AssistantSettings } from '../route/assistant-settings.js';
import { id, NO_ASSISTANT, number, organization, startHost, trunk, type Host } from './calls.fixture.js';

const DID = '+15551234567';
const SECRET = 'a secret of the tests';
const FRAME = 160;

interface Prewarmed {
  body: Record<string, unknown>;
  text: string;
  headers: IncomingMessage['headers'];
  path: string;
}

let host: Host;
let assistant: Assistant;
let prewarm: Server;
let prewarmed: Prewarmed[];
let onPrewarm: (response: ServerResponse) => void;

const invite = (with_: object = {}) => ({
  source: { address: '192.0.2.1' },
  from: '+15559876543',
  request_user: DID,
  ...with_,
});
const prewarmUrl = () => `http://127.0.0.1:${(prewarm.address() as AddressInfo).port}/sip-prewarm?key=hidden`;
const settings = (with_: Partial<AssistantSettings> = {}): AssistantSettings => ({
  ...NO_ASSISTANT,
  mediaUrl: assistant.url,
  prewarmUrl: prewarmUrl(),
  streamSecret: SECRET,
  ...with_,
});
async function startAgent(with_: Partial<AssistantSettings> = {}) {
  const calls = await host.startAgent({ mesh: settings(with_) });
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  return calls;
}
const theStream = () => eventually(() => assistant.connections[0], { message: 'the stream' });
async function talking(
  with_: object = {},
): Promise<{ call: ReturnType<Host['standIn']['call']>; stream: AssistantConnection }> {
  const call = host.standIn.call(invite(with_));
  expect((await call.final).status).toBe(200);
  const stream = await theStream();
  await eventually(() => stream.of('media').length > 0, { message: "the caller's audio" });
  return { call, stream };
}
const typesOf = async (callId: string) => (await host.untilWritten(callId)).map(({ type }) => type);

beforeAll(async () => {
  host = await startHost();
  await host.publish(organization(1), trunk(1, 1), number(1, DID));
}, 60_000);
afterAll(() => host?.stop());
beforeEach(async () => {
  prewarmed = [];
  onPrewarm = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"call_sid":"x","prewarmed":true}');
  };
  assistant = await startAssistant();
  prewarm = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      prewarmed.push({
        body: JSON.parse(text) as Record<string, unknown>,
        text,
        headers: request.headers,
        path: request.url ?? '',
      });
      onPrewarm(response);
    });
  });
  await new Promise<void>((resolve) => {
    prewarm.listen(0, '127.0.0.1', resolve);
  });
});
afterEach(async () => {
  await host.stopAgents();
  await assistant.stop();
  prewarm.closeAllConnections();
  await new Promise((resolve) => {
    prewarm.close(resolve);
  });
});

describe('a caller talks with the assistant', () => {
  it('that is prewarmed while it rings, once, and with our signature', async () => {
    // So it is certain that the prewarm waits neither for the stream nor for the answer.
    assistant.refuse = () => (prewarmed.length === 0 ? { status: 503 } : undefined);
    await startAgent();
    const { call } = await talking();
    call.hangUp();
    await host.untilWritten(call.uuid);
    const callSid = `CA${call.uuid.replaceAll('-', '')}`;
    expect(prewarmed).toHaveLength(1);
    const [{ body, text, headers, path }] = prewarmed as [Prewarmed];
    expect(body).toEqual({
      call_sid: callSid,
      from_number: '+15559876543',
      to_number: DID,
      outbound: false,
      assistant_id: 42,
    });
    expect(path).toBe('/sip-prewarm?key=hidden');
    expect(() =>
      new Webhook(Buffer.from(SECRET), { format: 'raw' }).verify(text, headers as Record<string, string>),
    ).not.toThrow();
  });

  it("that gets the call's organisation in the stream's start", async () => {
    await startAgent();
    const { call, stream } = await talking();
    expect(stream.messages.slice(0, 2).map(({ event }) => event)).toEqual(['connected', 'start']);
    expect(stream.of('start')[0]!.start).toMatchObject({
      callSid: `CA${call.uuid.replaceAll('-', '')}`,
      accountSid: `AC${id(1, 1).replaceAll('-', '')}`,
      customParameters: {
        From: '+15559876543',
        To: DID,
        from_number: '+15559876543',
        to_number: DID,
        assistant_id: '42',
      },
    });
    expect(stream.headers['x-twilio-signature']).toBeDefined();
    call.hangUp();
    expect(await typesOf(call.uuid)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
  });

  it('that learns that the number is withheld', async () => {
    assistant.refuse = () => (prewarmed.length === 0 ? { status: 503 } : undefined);
    await startAgent();
    const headers = { 'P-Asserted-Identity': '<sip:+12015550123@carrier.example.com>', Privacy: 'id' };
    const { call, stream } = await talking({ from: 'anonymous', headers });
    expect(prewarmed[0]!.body).toMatchObject({ from_number: '+12015550123', caller_withheld: true });
    const { customParameters } = stream.of('start')[0]!.start!;
    expect(customParameters).toMatchObject({ From: '+12015550123', caller_withheld: 'true' });
    call.hangUp();
    for (const { type, data } of await host.untilWritten(call.uuid)) {
      expect([type, data]).toEqual([type, expect.objectContaining({ from: '+12015550123', caller_withheld: true })]);
    }
  });

  it('hears the caller', async () => {
    await startAgent();
    const { call, stream } = await talking();
    await eventually(() => stream.of('media').length >= 20);
    const heard = stream
      .of('media')
      .slice(0, 20)
      .map(({ media }) => Buffer.from(media!.payload, 'base64'));
    // The stand-in's nth frame is 320 bytes of n.
    const said = Array.from({ length: 20 }, (_, nth) => {
      const muLaw = new Uint8Array(FRAME);
      encodeMuLaw(Buffer.alloc(2 * FRAME, nth), muLaw, FRAME);
      return Buffer.from(muLaw);
    });
    expect(heard).toEqual(said);
    call.hangUp();
    await host.untilWritten(call.uuid);
  });

  it('and reaches the caller', async () => {
    await startAgent();
    const { call, stream } = await talking();
    const speech = Uint8Array.from({ length: 10 * FRAME }, (_, at) => 0x20 + Math.floor(at / FRAME));
    stream.say(speech);
    stream.send({ event: 'mark', streamSid: stream.of('start')[0]!.streamSid, mark: { name: 'said' } });
    await eventually(() => stream.of('mark').some(({ mark }) => mark!.name === 'said'), { message: 'the mark' });
    const l16 = Buffer.alloc(2 * speech.length);
    decodeMuLaw(speech, l16, speech.length);
    await eventually(() => Buffer.concat(call.heard()).includes(l16), { message: 'the speech, whole and in order' });
    call.hangUp();
    await host.untilWritten(call.uuid);
  });

  it('and gets the digits that the caller presses', async () => {
    await startAgent();
    const { call, stream } = await talking();
    for (const digit of ['1', '#', '*']) call.press(digit);
    await eventually(() => stream.of('dtmf').length === 3);
    expect(stream.of('dtmf').map(({ dtmf }) => dtmf!.digit)).toEqual(['1', '#', '*']);
    call.hangUp();
    await host.untilWritten(call.uuid);
  });
});

describe('the call ends', () => {
  it('when the caller hangs up: the assistant gets stop', async () => {
    await startAgent();
    const { call, stream } = await talking();
    call.hangUp();
    await eventually(() => stream.closedWith !== undefined);
    expect(stream.messages.at(-1)!.event).toBe('stop');
    expect((await host.untilWritten(call.uuid)).at(-1)!.data).toMatchObject({ hangup_disposition: 'recv_bye' });
  });

  it('when the assistant closes the stream: the caller hears it', async () => {
    await startAgent();
    const { call, stream } = await talking();
    stream.ws.close(1000);
    expect((await call.ended).cause).toBe('NORMAL_CLEARING');
    expect((await host.untilWritten(call.uuid)).at(-1)!.data).toMatchObject({
      hangup_disposition: 'send_bye',
      hangup_cause: 'NORMAL_CLEARING',
    });
  });

  it('when it has lasted as long as one may', async () => {
    await startAgent({ maxCallSeconds: 1 });
    const { call } = await talking();
    expect((await call.ended).cause).toBe('ALLOTTED_TIMEOUT');
    await host.untilWritten(call.uuid);
  });

  it('when the agent stops: both are informed, and the call record has the end from FreeSWITCH', async () => {
    const calls = await startAgent();
    const { call, stream } = await talking();
    await calls.stop();
    expect((await call.ended).cause).toBe('NORMAL_TEMPORARY_FAILURE');
    await eventually(() => stream.closedWith !== undefined);
    expect(stream.messages.at(-1)!.event).toBe('stop');
    await startAgent();
    expect((await host.untilWritten(call.uuid)).at(-1)!.data).toMatchObject({
      reconstructed: false,
      hangup_disposition: 'send_bye',
    });
  });

  it('not when the agent is about to stop and waits for it; new callers get 503 with Retry-After', async () => {
    const calls = await startAgent();
    const { call, stream } = await talking();
    const drained = calls.drain(20_000);
    expect((await host.standIn.call(invite()).final).status).toBe(503);
    expect(calls.readiness()).toMatchObject({ calls: 'about to stop: 1 go on', routes: 'up' });
    const heard = stream.of('media').length;
    await eventually(() => stream.of('media').length > heard + 5, { message: 'the call to go on' });
    call.hangUp();
    await drained;
    expect((await host.untilWritten(call.uuid)).at(-1)!.data).toMatchObject({ end_reason: 'caller-hung-up' });
  });

  it('when the agent has waited for it in vain', async () => {
    const calls = await startAgent();
    const { call } = await talking();
    await calls.drain(200);
    expect(calls.live()).toBe(1);
    await calls.stop();
    await call.ended;
    await startAgent();
    expect((await host.untilWritten(call.uuid)).at(-1)!.data).toMatchObject({ end_reason: 'bridge-stopped' });
  });

  it('is not answered when the caller gives up while the assistant connects; the stream is closed', async () => {
    assistant.refuse = () => ({ status: 503 });
    onPrewarm = () => undefined;
    const calls = await startAgent();
    const call = host.standIn.call(invite());
    await eventually(() => prewarmed.length === 1, { message: 'the prewarm' });
    call.hangUp();
    expect((await call.ended).cause).toBe('ORIGINATOR_CANCEL');
    expect((await host.untilWritten(call.uuid)).at(-1)).toMatchObject({
      type: 'CallEnded',
      data: {
        answered_at: null,
        hangup_disposition: 'recv_cancel',
        prewarm: { outcome: 'given-up' },
        audio: { ended: 'call-ended' },
      },
    });
    await eventually(() => calls.live() === 0);
  });
});

describe('an assistant that is unavailable', () => {
  it('lets the call be refused: try again, with the reason in its record', async () => {
    const calls = await startAgent({ mediaUrl: 'ws://127.0.0.1:1/', answerDeadlineMs: 500 });
    const call = host.standIn.call(invite());
    expect(await call.final).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
    const events = await host.untilWritten(call.uuid);
    expect(events.map(({ type }) => type)).toEqual(['CallStarted', 'CallRejected']);
    expect(events[1]!.data).toMatchObject({
      reason: 'assistant-unavailable',
      sip_status: 503,
      organization_id: id(1, 1),
      trunk_id: id(2, 1),
      number_id: events[0]!.data.number_id,
      decision: { outcome: 'refuse', explanation: { summary: expect.stringContaining('media-stream-unreachable') } },
    });
    await eventually(() => calls.live() === 0);
  });

  it('and comes within the deadline: the call is answered', async () => {
    let attempts = 0;
    assistant.refuse = () => (attempts++ < 2 ? { status: 503 } : undefined);
    await startAgent();
    const { call } = await talking();
    expect(attempts).toBe(3);
    call.hangUp();
    await host.untilWritten(call.uuid);
  });
});

describe('a prewarm that fails', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    [
      'with an error',
      (response) => {
        response.writeHead(500).end();
      },
    ],
    [
      'with a redirect, which is not followed',
      (response) => {
        response.writeHead(307, { location: prewarmUrl() }).end();
      },
    ],
    [
      'with an endless answer',
      (response) => {
        response.writeHead(200);
        response.on('error', () => undefined);
        const more = setInterval(() => {
          response.write(Buffer.alloc(8_192, 'x'));
        }, 1);
        response.on('close', () => {
          clearInterval(more);
        });
      },
    ],
    [
      'with a broken connection',
      (response) => {
        response.destroy();
      },
    ],
    ['with silence', () => undefined],
  ])('%s does not stop the call', async (_case, fails) => {
    onPrewarm = fails;
    await startAgent();
    const { call } = await talking();
    call.hangUp();
    await host.untilWritten(call.uuid);
    expect(prewarmed).toHaveLength(1);
  });
});
