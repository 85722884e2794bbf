import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TransferAnswer } from '@trunkmesh/contracts/call-control.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import { bridgeRequest, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { seal } from '@trunkmesh/runtime/seal.process.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { Webhook } from 'standardwebhooks';
import type { AssistantSettings } from '../route/assistant-settings.js';
import { id, NO_ASSISTANT, number, organization, RING, startHost, trunk, type Host } from '../inbound/calls.fixture.js';

const DID = '+15551234567';
const OWN_DID = '+15551234568';
const RECORDED_DID = '+15551234569';

let host: Host;
let assistant: Assistant;
let other: Assistant;

const invite = (with_: object = {}) => ({
  source: { address: '192.0.2.1' },
  from: '+15559876543',
  request_user: DID,
  ...with_,
});
async function startAgent(with_: Partial<AssistantSettings> = {}) {
  const calls = await host.startAgent({
    mesh: { ...NO_ASSISTANT, mediaUrl: assistant.url, ...with_ },
    transferDeadlineMs: 500,
  });
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  return calls;
}
async function talking(with_: object = {}, at: Assistant = assistant) {
  const call = host.standIn.call(invite(with_));
  expect((await call.final).status).toBe(200);
  const stream = await eventually(() => at.connections.at(-1), { message: 'the stream' });
  await eventually(() => stream.of('media').length > 0, { message: "the caller's audio" });
  return { call, stream };
}
async function ask(request: BridgeRequest, body: object): Promise<TransferAnswer | { outcome: 'done' }> {
  const reply = await host.nc.request(bridgeRequest('bridge-1', request), JSON.stringify(body), { timeout: 10_000 });
  return reply.json();
}
const of = (uuid: string, org = 1) => ({ call_id: uuid, organization_id: id(1, org) });
const lastOf = async (uuid: string) => (await host.untilWritten(uuid)).at(-1)!;
const typesOf = async (uuid: string) => (await host.untilWritten(uuid)).map(({ type }) => type);

let ownNumber: NumberState;
beforeAll(async () => {
  host = await startHost();
  other = await startAssistant();
  const own = number(1, OWN_DID);
  ownNumber = {
    ...own,
    call_settings: {
      media_url: other.url,
      prewarm_url: other.prewarmUrl,
      signing_secret: seal(RING, "the number's own secret", own.id),
    },
  };
  await host.publish(
    { ...organization(1), outbound_country_codes: ['US'] },
    trunk(1, 1),
    number(1, DID),
    ownNumber,
    number(1, RECORDED_DID, { call_settings: { record: true } }),
  );
}, 60_000);
afterAll(async () => {
  await other?.stop();
  await host?.stop();
});
beforeEach(async () => {
  assistant = await startAssistant();
});
afterEach(async () => {
  await host.stopAgents();
  await assistant.stop();
});

describe('the quality so far', () => {
  it('is told of a call of the organisation, and of no other', async () => {
    await startAgent();
    const { call } = await talking();
    expect(await ask('call.quality', of(call.uuid))).toEqual({ outcome: 'measured', quality_course: null });
    expect(await ask('call.quality', of(call.uuid, 2))).toMatchObject({ outcome: 'refused', code: 'call-not-found' });
  });
});

describe('a transfer', () => {
  it('whose target answers ends the call, and both say so', async () => {
    await startAgent();
    const { call, stream } = await talking({ transfer: { target: 200, after_ms: 150 } });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      outcome: 'ended',
      transfer: { outcome: 'transferred', target: 'sip:+15551112222@192.0.2.1', refer_status: 202, target_status: 200 },
    });
    expect(await call.ended).toMatchObject({ cause: 'BLIND_TRANSFER', transferredTo: 'sip:+15551112222@192.0.2.1' });
    await eventually(() => stream.messages.at(-1)!.event === 'stop', { message: 'the stop message' });
    expect(await typesOf(call.uuid)).toEqual(['CallStarted', 'CallAnswered', 'CallTransferred', 'CallEnded']);
    expect((await lastOf(call.uuid)).data).toMatchObject({
      end_reason: 'transferred',
      transfer: { outcome: 'transferred' },
    });
  });

  it('that the carrier does not take leaves the call as it was; the next one is taken', async () => {
    await startAgent();
    const { call, stream } = await talking({ transfer: { refer: 603 } });
    expect(await ask('call.transfer', { ...of(call.uuid), to: 'sip:200@pbx.example.com' })).toMatchObject({
      outcome: 'ended',
      transfer: { outcome: 'refused', refer_status: 603, target_status: null },
    });
    const heard = stream.of('media').length;
    await eventually(() => stream.of('media').length > heard + 5, { message: 'the call to go on' });
    call.answerTransfersWith({ refer: 202, target: 200, after_ms: 0, ends: true, hangs_up: false });
    expect(await ask('call.transfer', { ...of(call.uuid), to: 'sip:200@pbx.example.com' })).toMatchObject({
      outcome: 'ended',
      transfer: { outcome: 'transferred' },
    });
    expect(await typesOf(call.uuid)).toEqual([
      'CallStarted',
      'CallAnswered',
      'CallTransferFailed',
      'CallTransferred',
      'CallEnded',
    ]);
  });

  it('whose target is busy leaves the call as it was, where FreeSWITCH keeps the dialog', async () => {
    await startAgent();
    const { call, stream } = await talking({ transfer: { target: 486, ends: false } });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      outcome: 'ended',
      transfer: { outcome: 'refused', target_status: 486 },
    });
    const heard = stream.of('media').length;
    await eventually(() => stream.of('media').length > heard + 5, { message: 'the call to go on' });
    call.hangUp();
    expect((await lastOf(call.uuid)).data).toMatchObject({
      end_reason: 'caller-hung-up',
      transfer: { outcome: 'refused' },
    });
  });

  it('to a busy target ends the call where FreeSWITCH loses the dialog to the NOTIFY', async () => {
    await startAgent();
    const { call } = await talking({ transfer: { target: 486, ends: true } });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      outcome: 'ended',
      transfer: { outcome: 'refused', target_status: 486 },
    });
    await call.ended;
    expect((await lastOf(call.uuid)).data).toMatchObject({
      end_reason: 'dropped-by-transfer',
      hangup_disposition: null,
    });
  });

  it('of which nobody says what became is indeterminate, and the call goes on', async () => {
    await startAgent();
    const { call, stream } = await talking({ transfer: { target: null } });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      outcome: 'ended',
      transfer: { outcome: 'indeterminate', refer_status: 202, target_status: null },
    });
    const heard = stream.of('media').length;
    await eventually(() => stream.of('media').length > heard + 5, { message: 'the call to go on' });
    call.hangUp();
    await host.untilWritten(call.uuid);
  });

  it.each([
    [200, 'transferred', 'transferred'],
    [486, 'dropped-by-transfer', 'refused'],
  ] as const)(
    'of which the NOTIFY says %i when nobody waits for it any more still ends the call that it took the dialog from',
    async (target, reason, outcome) => {
      await startAgent();
      const { call } = await talking({ transfer: { target, after_ms: 900 } });
      expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
        outcome: 'ended',
        transfer: { outcome: 'indeterminate' },
      });
      await call.ended;
      expect((await lastOf(call.uuid)).data).toMatchObject({
        end_reason: reason,
        transfer: { outcome, target_status: target },
      });
    },
  );

  it.each([
    [200, 'transferred', 'transferred', ['CallStarted', 'CallAnswered', 'CallTransferred', 'CallEnded']],
    [486, 'refused', 'caller-hung-up', ['CallStarted', 'CallAnswered', 'CallTransferFailed', 'CallEnded']],
  ] as const)(
    "of which the NOTIFY says %i and the carrier's BYE follows at once is in the call record before the end",
    async (target, outcome, reason, types) => {
      await startAgent();
      const { call } = await talking({ transfer: { target, hangs_up: true } });
      expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
        outcome: 'ended',
        transfer: { outcome, target_status: target },
      });
      expect(await typesOf(call.uuid)).toEqual(types);
      expect((await lastOf(call.uuid)).data).toMatchObject({
        end_reason: reason,
        hangup_disposition: 'recv_bye',
        transfer: { outcome, target_status: target },
      });
    },
  );

  it.each([
    [{ target: 200 }, 'transferred', 'BLIND_TRANSFER'],
    [{ target: 486, ends: false }, 'assistant-hung-up', 'NORMAL_CLEARING'],
    [{ target: null }, 'assistant-hung-up', 'NORMAL_CLEARING'],
  ] as const)("outlives its assistant's stream, and the call only that (%j)", async (answer, reason, cause) => {
    await startAgent();
    const { call, stream } = await talking({ transfer: { ...answer, after_ms: 250 } });
    const asked = ask('call.transfer', { ...of(call.uuid), to: '+15551112222' });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      code: 'transfer-in-progress',
    });
    stream.hangUp();
    expect(await asked).toMatchObject({ outcome: 'ended', transfer: { target_status: answer.target } });
    expect(await call.ended).toMatchObject({ cause });
    expect((await lastOf(call.uuid)).data).toMatchObject({
      end_reason: reason,
      transfer: { target_status: answer.target },
    });
  });

  it('is one at a time, ends with its call, and stays within the countries', async () => {
    await startAgent();
    const { call } = await talking({ transfer: { target: null } });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+4930123456' })).toMatchObject({
      outcome: 'refused',
      code: 'destination-not-allowed',
    });
    expect(await ask('call.transfer', { ...of(call.uuid), to: 'tel:+15551112222' })).toMatchObject({
      outcome: 'refused',
      code: 'invalid-request',
    });
    const first = ask('call.transfer', { ...of(call.uuid), to: '+15551112222' });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      outcome: 'refused',
      code: 'transfer-in-progress',
    });
    call.hangUp();
    expect(await first).toMatchObject({ outcome: 'ended', transfer: { outcome: 'indeterminate' } });
    expect(await typesOf(call.uuid)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect((await lastOf(call.uuid)).data).toMatchObject({
      end_reason: 'caller-hung-up',
      transfer: { outcome: 'indeterminate' },
    });
  });
});

describe('what is asked of a call', () => {
  it('a hang-up ends it, and the call record says who did', async () => {
    await startAgent();
    const { call } = await talking();
    expect(await ask('call.hangup', of(call.uuid))).toEqual({ outcome: 'done' });
    expect((await call.ended).cause).toBe('NORMAL_CLEARING');
    expect((await lastOf(call.uuid)).data).toMatchObject({
      end_reason: 'api-hung-up',
      timeline: expect.arrayContaining([expect.objectContaining({ what: 'hang-up-requested', detail: 'api-hung-up' })]),
    });
  });

  it('digits from the API and from the assistant reach the caller, and are in no record', async () => {
    await startAgent();
    const { call, stream } = await talking();
    expect(await ask('call.dtmf', { ...of(call.uuid), digits: '12#' })).toEqual({ outcome: 'done' });
    await eventually(() => call.digitsHeard() === '12#', { message: 'the digits' });
    stream.send({ event: 'dtmf', dtmf: { digits: '4242' } });
    await eventually(() => call.digitsHeard() === '12#4242', { message: "the assistant's digits" });
    stream.send({ event: 'dtmf', dtmf: { digits: '1'.repeat(60) } });
    stream.send({ event: 'dtmf', dtmf: { digits: '2'.repeat(64) } });
    call.press('5');
    await eventually(() => stream.of('dtmf').length === 1);
    call.hangUp();
    const record = JSON.stringify((await lastOf(call.uuid)).data);
    expect(record).not.toContain('4242');
    expect(record).toContain('"digits-refused"');
    expect(call.digitsHeard()).toBe(`12#4242${'1'.repeat(60)}`);
  });

  it.each<[string, BridgeRequest, (uuid: string) => object, string]>([
    ["another organisation's call is not there", 'call.hangup', (uuid) => of(uuid, 2), 'call-not-found'],
    [
      'a call that is none',
      'call.transfer',
      () => ({ ...of('11111111-1111-4111-8111-111111111111'), to: '+15551112222' }),
      'call-not-found',
    ],
    ['digits that are none', 'call.dtmf', (uuid) => ({ ...of(uuid), digits: '1\nhangup' }), 'invalid-request'],
    ['nothing', 'call.hangup', () => ({}), 'invalid-request'],
  ])('%s', async (_what, request, body, code) => {
    await startAgent();
    const { call } = await talking();
    expect(await ask(request, body(call.uuid))).toMatchObject({ outcome: 'refused', code });
    call.hangUp();
    await host.untilWritten(call.uuid);
  });

  it('a call that rings can be hung up, and neither be transferred nor hear digits', async () => {
    assistant.refuse = () => ({ status: 503 });
    await startAgent();
    const call = host.standIn.call(invite());
    await eventually(async () => (await host.callEvents(call.uuid)).length > 0, { message: 'CallStarted' });
    expect(await ask('call.dtmf', { ...of(call.uuid), digits: '1' })).toMatchObject({ code: 'call-not-answered' });
    expect(await ask('call.transfer', { ...of(call.uuid), to: '+15551112222' })).toMatchObject({
      code: 'call-not-answered',
    });
    expect(await ask('call.hangup', of(call.uuid))).toEqual({ outcome: 'done' });
    await call.ended;
    expect((await lastOf(call.uuid)).data).toMatchObject({ end_reason: 'api-hung-up', answered_at: null });
  });
});

describe('how a call is treated', () => {
  it("a number's own settings lead to its own assistant, signed with its own secret", async () => {
    await startAgent({ streamSecret: "the operator's secret" });
    const { call, stream } = await talking({ request_user: OWN_DID }, other);
    expect(assistant.connections).toHaveLength(0);
    const verify = () =>
      new Webhook(Buffer.from("the number's own secret"), { format: 'raw' }).verify(
        JSON.stringify(other.url),
        stream.headers as Record<string, string>,
      );
    expect(verify).not.toThrow();
    call.hangUp();
    await eventually(() => other.prewarms.length === 1, { message: 'the prewarm' });
    await host.untilWritten(call.uuid);
  });

  it("a customer's URL does not lead into a private network", async () => {
    await startAgent({ allowPrivateUrls: false });
    const call = host.standIn.call(invite({ request_user: OWN_DID }));
    expect((await call.final).status).toBe(503);
    expect((await lastOf(call.uuid)).data).toMatchObject({
      reason: 'assistant-unavailable',
      timeline: expect.arrayContaining([
        expect.objectContaining({
          what: 'stream-failed',
          detail: expect.stringContaining('media-address-not-allowed'),
        }),
      ]),
    });
  });

  it('its call record has its story: the INVITE, the steps, the audio', async () => {
    await startAgent({ prewarmUrl: assistant.prewarmUrl });
    const { call, stream } = await talking({
      headers: { Diversion: '<sip:+15550000001@pbx.example.com>', Authorization: 'Digest response="secret"' },
    });
    stream.ws.close(1000);
    const events = await host.untilWritten(call.uuid);
    expect(events[0]!.data).toMatchObject({
      invite: {
        request_uri_user: DID,
        headers: expect.arrayContaining([['diversion', '<sip:+15550000001@pbx.example.com>']]),
      },
    });
    expect(JSON.stringify(events)).not.toContain('Digest');
    const { timeline, ...last } = events.at(-1)!.data as { timeline: { what: string }[] };
    expect(last).toMatchObject({
      end_reason: 'assistant-hung-up',
      prewarm: { outcome: 'prewarmed' },
      audio: { ended: 'assistant-hung-up', connect_attempts: 1 },
      recording: null,
      transfer: null,
    });
    expect(timeline.map(({ what }) => what).sort()).toEqual([
      'answered',
      'hang-up-requested',
      'prewarm-prewarmed',
      'prewarm-sent',
      'ringing',
      'stream-connected',
    ]);
  });

  it('a number that says so is recorded, and the log says where', async () => {
    await startAgent();
    const { call } = await talking({ request_user: RECORDED_DID });
    await eventually(() => call.packetsIn() >= 10, { message: 'some sound' });
    call.hangUp();
    const ended = (await host.untilWritten(call.uuid)).find(({ type }) => type === 'CallEnded')!;
    expect(ended.data).toMatchObject({ recording: { state: 'pending', location: expect.stringContaining(call.uuid) } });
    const stored = await eventually(
      async () => (await host.callEvents(call.uuid)).find(({ type }) => type === 'CallRecordingStored'),
      { message: 'the recording', timeoutMs: 15_000 },
    );
    expect(stored.data).toMatchObject({
      recording: { state: 'local', bytes: expect.any(Number), duration_ms: expect.any(Number) },
    });
  });

  it('a bridge that cannot record says so in the call record and in its readiness, and accepts the call', async () => {
    const calls = await host.startAgent({
      mesh: { ...NO_ASSISTANT, mediaUrl: assistant.url },
      recordingsDir: '/with a blank/recordings',
    });
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
    expect(calls.readiness().recordings).toContain('cannot record');
    const { call } = await talking({ request_user: RECORDED_DID });
    call.hangUp();
    expect((await lastOf(call.uuid)).data).toMatchObject({
      recording: { state: 'failed', detail: expect.stringContaining('cannot be used') },
    });
  });
});
