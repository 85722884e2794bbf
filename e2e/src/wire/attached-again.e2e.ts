import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startTalkingMesh, type TalkingMesh } from '../audio.fixture.js';
import { ChangingCall, described, type Caller } from '../changing-call.fixture.js';
import { addNumber } from '../mesh.fixture.js';

/**
 * A real FreeSWITCH, calls whose audio was attached again in mid-call: everything else is as in any call. Runs where
 * FREESWITCH names a binary.
 */
const RECORDED = '+15550100002';
let mesh: TalkingMesh;
const calls: ChangingCall[] = [];

beforeAll(async () => {
  mesh = await startTalkingMesh();
  await addNumber(mesh.org, mesh.trunk, RECORDED, { record: true });
  await eventually(
    async () => (await mesh.carrier.call({ from: mesh.newCaller(), number: RECORDED, talkMs: 100 })) === 200,
    { timeoutMs: 20_000, message: 'the number to be known' },
  );
}, 60_000);
afterAll(async () => {
  await mesh?.stop();
  await Promise.all(calls.map((call) => call.close()));
});

/** A call whose carrier has gone from PCMU to PCMA. */
async function attachedAgain(caller: Caller = {}): Promise<ChangingCall> {
  const call = await ChangingCall.place(mesh, caller);
  calls.push(call);
  await call.untilHeard('the answer');
  await call.reinvite({ codecs: described(['PCMA']) });
  call.peer.speak({ codec: 'PCMA' });
  await call.untilHeard('the change of codec');
  return call;
}
const api = (call: ChangingCall, what: string, body?: object) =>
  mesh.org.api.post(`/api/v1/calls/${call.stream.callSid}/${what}`, body);
const detailOf = (call: ChangingCall, ready: (detail: CallDetail) => boolean) =>
  eventually(
    async () => {
      const detail = await mesh.org.api.get<CallDetail>(`/api/v1/calls/${call.stream.callSid}`);
      return ready(detail) ? detail : undefined;
    },
    { timeoutMs: 20_000, intervalMs: 100, message: 'the call in the log' },
  );
const toldOf = (call: ChangingCall) =>
  mesh.assistant.statuses
    .map(({ body }) => body as { call_sid: string; status: string })
    .filter(({ call_sid: sid }) => sid === call.stream.callSid);

describe('a call whose audio was attached again', () => {
  it("hears and tells keys, each once, also those that the caller's phone tells twice", async () => {
    const call = await attachedAgain();
    await call.silence();
    call.peer.press('5');
    await call.line.info('5');
    await eventually(() => call.stream.of('dtmf').length === 1, { message: 'the key' });
    await sleep(500);
    await call.line.info('7');
    await eventually(() => call.stream.of('dtmf').length === 2, { message: 'the key that came by INFO alone' });
    call.stream.press('42');
    await eventually(() => call.peer.digits === '42', { message: "the assistant's keys" });
    await call.hangUp();
    expect(
      call.stream
        .of('dtmf')
        .map(({ dtmf }) => dtmf!.digit)
        .join(''),
    ).toBe('57');
  }, 60_000);

  it('is told of once, and its marks go on', async () => {
    const call = await attachedAgain();
    call.stream.mark('after the change');
    await eventually(() => call.stream.of('mark').length === 1, { message: 'the mark' });
    await call.hangUp();
    await eventually(() => toldOf(call).length === 4, { message: 'the last status' });
    expect(toldOf(call).map(({ status }) => status)).toEqual(['initiated', 'ringing', 'answered', 'completed']);
    const used = await eventually(
      async () => {
        const entries = await mesh.usageOf([call.from]);
        return entries.size > 0 && [...entries.values()];
      },
      { message: 'the usage record' },
    );
    expect(used).toEqual([1]);
  }, 60_000);

  it('is recorded to its end', async () => {
    const call = await attachedAgain({ number: RECORDED });
    await call.hangUp();
    const { recording, duration_seconds: lasted } = await detailOf(
      call,
      (detail) => detail.recording?.state === 'local' && detail.duration_seconds !== null,
    );
    expect(Math.abs(recording!.duration_ms! - 1_000 * lasted!)).toBeLessThan(1_000);
  }, 60_000);

  it('is transferred', async () => {
    const call = await attachedAgain({ transfer: { target: 200, after_ms: 200 } });
    expect(await api(call, 'transfer', { to: '+15550102099' })).toMatchObject({ outcome: 'transferred' });
    await call.untilEnded();
    expect(await call.record()).toMatchObject({ end_reason: 'transferred' });
  }, 60_000);

  it('is ended by the API', async () => {
    const call = await attachedAgain();
    await api(call, 'hangup');
    await call.untilEnded();
    expect(await call.record()).toMatchObject({
      end_reason: 'api-hung-up',
      timeline: expect.arrayContaining([expect.objectContaining({ what: 'audio-attached' })]),
    });
  }, 60_000);

  it('ends with its agent', async () => {
    const call = await attachedAgain();
    const { agent } = mesh.test.mesh.bridges[0]!;
    await agent.kill();
    await call.untilEnded();
    await agent.start();
    await eventually(async () => (await mesh.usageOf([call.from])).size === 1, {
      timeoutMs: 60_000,
      message: 'its usage record',
    });
    expect((await mesh.eventsOf(call.from)).map(({ type }) => type)).toEqual([
      'CallStarted',
      'CallAnswered',
      'CallEnded',
    ]);
  }, 90_000);
});
