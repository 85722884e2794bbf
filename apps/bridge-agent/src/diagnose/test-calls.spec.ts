import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnded, CallEvent } from '@trunkmesh/contracts/call.js';
import type { PermitAnswer, PermitRequest, ReleaseRequest } from '@trunkmesh/contracts/outbound-call.js';
import { bridgeRequest, OUTBOUND_PERMIT, OUTBOUND_RELEASE } from '@trunkmesh/contracts/subjects.js';
import { trunkSettings, type TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import { trunkTestAnswer, type TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import {
  startScriptedCarrier,
  type CarrierScript,
  type ScriptedCarrier,
} from '@trunkmesh/testkit/sip/scripted-carrier.net.js';
import { id, NO_ASSISTANT, organization, startHost, trunk, type Host } from '../inbound/calls.fixture.js';

const FROM = '+15551234567';
const TO = '+15559876543';
const NUMBER_ID = id(3, 234_567);
let host: Host;
let assistant: Assistant;
let carrier: ScriptedCarrier;
let permits: PermitRequest[] = [];
let released: ReleaseRequest[] = [];
let permit: PermitAnswer;

beforeAll(async () => {
  [host, assistant] = await Promise.all([startHost(), startAssistant()]);
  await host.publish(organization(1), trunk(1, 1));
  host.nc.subscribe(OUTBOUND_PERMIT, {
    callback: (_error, message) => {
      permits.push(message.json());
      message.respond(JSON.stringify(permit));
    },
  });
  host.nc.subscribe(OUTBOUND_RELEASE, { callback: (_error, message) => void released.push(message.json()) });
  await host.startAgent({ mesh: { ...NO_ASSISTANT, statusUrl: assistant.statusUrl } });
}, 60_000);
afterAll(async () => {
  await host?.stop();
  await assistant?.stop();
});
beforeEach(() => {
  [permits, released] = [[], []];
  permit = { outcome: 'granted', bridges: 1 };
});
afterEach(() => carrier?.close());

/** The result of the test's call check, and the call's events. */
async function tested(
  numbers: CarrierScript['numbers'],
  { with_ = {}, saved = true, during, after }: TestOptions = {},
): Promise<{ check: TrunkCheck; events: CallEvent[]; ended: CallEnded['data']; callId: string }> {
  carrier = await startScriptedCarrier({ numbers });
  const test_id = randomUUID();
  const settings = { name: 'Carrier', gateway: `127.0.0.1:${carrier.port}`, register: false, ...with_ };
  const request = {
    test_id,
    trunk_id: saved ? id(2, 1) : test_id,
    organization_id: id(1, 1),
    trunk: trunkSettings.parse(settings),
    password: null,
    is_registered: false,
    call: { from: FROM, to: TO, dialled: TO, number_id: NUMBER_ID },
  };
  const asked = host.nc.request(bridgeRequest('bridge-1', 'diagnose'), JSON.stringify(request), { timeout: 25_000 });
  const [reply] = await Promise.all([asked, during?.(test_id)]);
  const answer = trunkTestAnswer.parse(reply.json());
  if (answer.outcome !== 'done') throw new Error(answer.message);
  await after?.(test_id);
  const events = await host.untilWritten(test_id);
  const ended = (events.at(-1) as CallEnded).data;
  return { check: answer.checks.find(({ check }) => check === 'call')!, events, ended, callId: test_id };
}
type During = (callId: string) => Promise<unknown>;
interface TestOptions {
  with_?: Partial<TrunkSettings>;
  saved?: boolean;
  during?: During;
  /** Runs once the test has been answered. */
  after?: During;
}
const typesOf = (events: CallEvent[]) => events.map(({ type }) => type);

describe('the call of a trunk test', () => {
  it('has its events and its record when it is answered, marked as a test and without an assistant', async () => {
    const { check, events, ended, callId } = await tested({ [TO]: 200 });
    expect(check).toMatchObject({ result: 'pass' });
    expect(typesOf(events)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    const invite = carrier.requests.find(({ method }) => method === 'INVITE')!;
    const sip_call_id = invite.headers.find(([name]) => name === 'Call-ID')![1];
    const parties = { call_id: callId, organization_id: id(1, 1), trunk_id: id(2, 1), number_id: NUMBER_ID };
    for (const { data } of events)
      expect(data).toMatchObject({
        ...{ ...parties, from: FROM, to: TO, direction: 'outbound', bridge_id: 'bridge-1', sip_call_id },
        trunk_test: true,
      });
    expect(events[0]!.data).toMatchObject({ target: null, outbound: { caller_id: FROM } });
    expect(ended).toMatchObject({
      ...{ end_reason: 'max-duration-reached', sip_status: 200, hangup_disposition: 'send_bye', codec: 'PCMU' },
      attempts: [{ attempt: 1, trunk_id: id(2, 1), dialled: TO, outcome: 'answered', sip_status: 200 }],
      reconstructed: false,
    });
    expect(ended.billable_ms).toBe(Date.parse(ended.ended_at) - Date.parse(ended.answered_at!));
    expect(ended.record_number).toBeGreaterThan(0);
  });

  it.each([
    ['busy', 486, 'called-party-busy', 'busy', 486],
    ['refused', 403, 'carrier-refused', 'carrier-refused', 403],
    ['unknown', 404, 'unknown-destination', 'unknown-number', 404],
    ['not answered', 'ring', 'not-answered', 'no-answer', null],
  ] as const)('has an attempt that says so when it is %s', async (_what, said, end_reason, reason, sip_status) => {
    const { events, ended } = await tested({ [TO]: said });
    expect(typesOf(events)).toEqual(['CallStarted', 'CallAttemptFailed', 'CallEnded']);
    expect(ended).toMatchObject({ end_reason, sip_status, answered_at: null, billable_ms: 0 });
    expect(ended.attempts).toMatchObject([{ outcome: 'failed', reason, sip_status, ringing: said === 'ring' }]);
  });

  it('counts as answered and is hung up at once when the answer crosses the cancellation', async () => {
    const { events, ended } = await tested({ [TO]: 'late' });
    expect(typesOf(events)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(ended.answered_at).not.toBeNull();
    await eventually(() => carrier.methods().includes('BYE'), { message: 'the hang-up' });
  });

  it('counts as answered and is hung up at once even when the answer comes long after the cancellation', async () => {
    const { check, events, ended, callId } = await tested(
      { [TO]: 'deaf' },
      {
        // The test is over, but the carrier still rings.
        after: async (testId) => {
          expect((await host.callEvents(testId)).map(({ type }) => type)).toEqual(['CallStarted']);
          expect(carrier.methods()).toContain('CANCEL');
          carrier.answerRinging();
        },
      },
    );
    expect(check).toMatchObject({ result: 'pass', cause: null });
    expect(typesOf(events)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(ended).toMatchObject({ sip_status: 200, attempts: [{ outcome: 'answered', sip_status: 200 }] });
    expect(ended.answered_at).not.toBeNull();
    await eventually(() => carrier.methods().includes('BYE'), { message: 'the hang-up' });
    await eventually(() => released.some(({ call_id }) => call_id === callId), { message: 'the free channel' });
  });

  it('has an attempt without a trunk and takes no channel when the settings are not saved', async () => {
    const { events, ended } = await tested({ [TO]: 486 }, { saved: false, with_: { max_channels: 1 } });
    expect(typesOf(events)).toEqual(['CallStarted', 'CallAttemptFailed', 'CallEnded']);
    expect(ended).toMatchObject({ trunk_id: null, trunk_test: true, end_reason: 'called-party-busy' });
    expect(ended.attempts).toMatchObject([{ trunk_id: null, reason: 'busy', sip_status: 486, dialled: TO }]);
    expect(permits).toEqual([]);
    expect(released).toEqual([]);
  });

  it('sends no status', async () => {
    const { callId } = await tested({ [TO]: 486 });
    // A later call of this bridge would have come after it.
    expect(assistant.statuses.filter(({ body }) => (body as { call_id?: string }).call_id === callId)).toEqual([]);
    await expect(host.untilWritten(callId)).resolves.toHaveLength(3);
  });
});

describe('the limits of the trunk', () => {
  const limited = { max_channels: 1 };

  it('apply to its test: the call takes a channel and gives it back', async () => {
    const { callId } = await tested({ [TO]: 486 }, { with_: limited });
    expect(permits).toEqual([
      {
        ...{ call_id: callId, attempt: 1, organization_id: id(1, 1), trunk_id: id(2, 1) },
        ...{ bridge_id: 'bridge-1', channels: 0 },
      },
    ]);
    await eventually(() => released.length > 0, { message: 'the release' });
    expect(released[0]).toEqual({ call_id: callId, attempt: 1, trunk_id: id(2, 1) });
  });

  it.each<[string, PermitAnswer, string]>([
    ['a wait', { outcome: 'wait', retry_after_ms: 250, position: 1, bridges: 1 }, 'queue-timeout'],
    ['a full queue', { outcome: 'refused', reason: 'queue-full', message: 'Full.' }, 'queue-full'],
  ])('prevent the call after %s, and the call log says why', async (_what, answer, end_reason) => {
    permit = answer;
    const { check, ended } = await tested({ [TO]: 200 }, { with_: limited });
    expect(check).toMatchObject({
      result: 'inconclusive',
      cause: 'not-run',
      seen: expect.stringContaining('channels'),
    });
    expect(ended).toMatchObject({ end_reason, answered_at: null });
    expect(carrier.methods()).not.toContain('INVITE');
  });
});

describe('a hang-up of the call', () => {
  const hangUp: During = async (callId) => {
    await eventually(() => carrier.methods().includes('INVITE'), { message: 'the INVITE' });
    const request = { call_id: callId, organization_id: id(1, 1) };
    const reply = await host.nc.request(bridgeRequest('bridge-1', 'call.hangup'), JSON.stringify(request));
    expect(reply.json()).toEqual({ outcome: 'done' });
  };

  it('cancels it while it rings', async () => {
    const { ended } = await tested({ [TO]: 'ring' }, { during: hangUp });
    expect(ended).toMatchObject({ end_reason: 'canceled', answered_at: null });
    await eventually(() => carrier.methods().includes('CANCEL'), { message: 'the CANCEL' });
  });

  it('ends it once it is answered', async () => {
    const { ended } = await tested(
      { [TO]: 200 },
      {
        during: async (callId) => {
          await eventually(() => carrier.methods().includes('ACK'), { message: 'the answer' });
          await hangUp(callId);
        },
      },
    );
    expect(ended).toMatchObject({ end_reason: 'api-hung-up', sip_status: 200 });
    expect(ended.billable_ms).toBeLessThan(3_000);
  });

  it('has no effect if another organisation requests it', async () => {
    const { ended } = await tested(
      { [TO]: 'ring' },
      {
        during: async (callId) => {
          const request = JSON.stringify({ call_id: callId, organization_id: id(1, 2) });
          const reply = await host.nc.request(bridgeRequest('bridge-1', 'call.hangup'), request);
          expect(reply.json()).toMatchObject({ code: 'call-not-found' });
        },
      },
    );
    expect(ended).toMatchObject({ end_reason: 'not-answered' });
  });
});
