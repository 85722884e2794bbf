import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import { originateAnswer, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { PlannedAttempt } from '@trunkmesh/contracts/outbound.js';
import { bridgeRequest, OUTBOUND_PERMIT } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { legsOf } from '@trunkmesh/testkit/freeswitch/leg.process.js';
import { id, NO_ASSISTANT, number, organization, startHost, trunk, type Host } from '../inbound/calls.fixture.js';

const FROM = '+15551234567';
const TO = '+15559876543';
let host: Host;

const planned = (n: number, with_: Partial<PlannedAttempt> = {}): PlannedAttempt => ({
  trunk_id: id(2, n),
  chosen_by: n === 1 ? 'number-trunk' : 'priority',
  priority: n,
  gateway: 'up',
  pool: 'default',
  bridge_id: 'bridge-1',
  dialled: TO,
  ...with_,
});
const request = (with_: Partial<OriginateRequest> = {}): OriginateRequest => ({
  call_id: randomUUID(),
  organization_id: id(1, 1),
  number_id: number(1, FROM).id,
  from: FROM,
  to: TO,
  country: 'US',
  caller_id: FROM,
  target: { kind: 'assistant', id: 7 },
  attempts: [planned(1)],
  requested_at: new Date().toISOString(),
  dial_until: new Date(Date.now() + 30_000).toISOString(),
  ...with_,
});
async function ask(asked: OriginateRequest) {
  const reply = await host.nc.request(bridgeRequest('bridge-1', 'call.originate'), JSON.stringify(asked));
  return originateAnswer.parse(reply.json());
}
/** As `ask`, once the agent is connected to FreeSWITCH. */
const originate = (asked: OriginateRequest) =>
  eventually(
    async () => {
      const answer = await ask(asked);
      return answer.outcome === 'refused' && answer.code === 'switch-unavailable' ? undefined : answer;
    },
    { message: 'the event socket' },
  );
/** Its events, once it is over. */
async function placed(with_: Partial<OriginateRequest> = {}) {
  const asked = request(with_);
  expect(await originate(asked)).toEqual({ outcome: 'accepted' });
  return host.untilWritten(asked.call_id);
}
const lastOf = (events: CallEvent[]) => events.at(-1)! as Extract<CallEvent, { type: 'CallEnded' }>;
const carriers = (
  ...calls: { outcome: number | 'answer' | 'silent'; ring_ms?: number; hangup_after_ms?: number }[]
) => {
  host.standIn.setCarriers(calls.map((call, index) => ({ address: `192.0.2.${index + 1}`, calls: [call] })));
};
const callsAt = (n: number) =>
  host.standIn.freeswitch.gateways.find(({ settings }) => settings.name === `${id(2, n)}.1`)?.callsOut;

beforeAll(async () => {
  host = await startHost();
  await host.publish(organization(1), trunk(1, 1), trunk(1, 2), trunk(1, 3, { max_channels: 1 }), number(1, FROM));
  for (const n of [1, 2, 3]) await host.addGateway(trunk(1, n));
}, 60_000);
afterAll(() => host?.stop());
afterEach(async () => {
  await host.stopAgents();
  await host.forget();
});

describe('an outbound call', () => {
  beforeEach(async () => {
    const calls = await host.startAgent();
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  });

  it('is dialled, answered and ended, and every event of it says whose call it is', async () => {
    carriers({ outcome: 'answer', hangup_after_ms: 200, ring_ms: 50 });
    const events = await placed({ call_meta: { campaign: 'november' } });
    expect(events.map(({ type }) => type)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(events[0]!.data).toMatchObject({
      direction: 'outbound',
      from: FROM,
      to: TO,
      trunk_id: id(2, 1),
      outbound: { caller_id: FROM, call_meta: { campaign: 'november' } },
    });
    expect(lastOf(events).data).toMatchObject({
      end_reason: 'called-party-hung-up',
      attempts: [{ attempt: 1, outcome: 'answered', reason: null, ringing: true }],
    });
  });

  it('is dialled once, however often it is asked for', async () => {
    carriers({ outcome: 'answer', hangup_after_ms: 300 });
    const before = callsAt(1) ?? 0;
    const asked = request();
    expect(await Promise.all([originate(asked), originate(asked), originate(asked)])).toEqual(
      Array(3).fill({ outcome: 'accepted' }),
    );
    await host.untilWritten(asked.call_id);
    expect(await originate(asked)).toEqual({ outcome: 'accepted' });
    expect(callsAt(1)).toBe(before + 1);
  });

  it.each([
    [503, 'carrier-failed', true, undefined],
    [408, 'no-response', true, undefined],
    [500, 'carrier-failed', true, undefined],
    [486, 'busy', false, 'called-party-busy'],
    [480, 'no-answer', false, 'not-answered'],
    [404, 'unknown-number', false, 'unknown-destination'],
    [484, 'unknown-number', false, 'unknown-destination'],
    [403, 'carrier-refused', false, 'carrier-refused'],
    [603, 'declined', false, 'called-party-declined'],
    [488, 'codec-refused', false, 'carrier-refused'],
  ] as const)('%d is %s; it goes on to the next trunk: %s', async (status, reason, next, end) => {
    carriers({ outcome: status }, { outcome: 'answer', hangup_after_ms: 50 });
    const before = callsAt(2) ?? 0;
    const events = await placed({ attempts: [planned(1), planned(2)] });
    expect(callsAt(2)).toBe(before + (next ? 1 : 0));
    const { data } = lastOf(events);
    expect(data.attempts![0]).toMatchObject({ reason, sip_status: status, failed_over: next });
    expect(events.filter(({ type }) => type === 'CallAttemptFailed')).toHaveLength(1);
    if (next) expect(data).toMatchObject({ trunk_id: id(2, 2), attempts: [{}, { outcome: 'answered' }] });
    else expect(data).toMatchObject({ end_reason: end, sip_status: status, answered_at: null });
  });

  it('goes on where the gateway is not there, and says so where none is left', async () => {
    carriers({ outcome: 503 });
    const events = await placed({ attempts: [planned(9), planned(1)] });
    expect(lastOf(events).data).toMatchObject({
      end_reason: 'carrier-failed',
      attempts: [{ reason: 'no-gateway', sip_status: null }, { reason: 'carrier-failed' }],
    });
  });

  it('is canceled while it rings: nothing stays at the carrier', async () => {
    carriers({ outcome: 'answer', ring_ms: 20_000 });
    const asked = request();
    await originate(asked);
    await eventually(() => legsOf(host.standIn.freeswitch).size > 0, { message: 'the channel' });
    const hangup = { call_id: asked.call_id, organization_id: asked.organization_id };
    const reply = await host.nc.request(bridgeRequest('bridge-1', 'call.hangup'), JSON.stringify(hangup));
    expect(reply.json()).toEqual({ outcome: 'done' });
    const events = await host.untilWritten(asked.call_id);
    expect(lastOf(events).data).toMatchObject({ end_reason: 'canceled', attempts: [{ reason: 'canceled' }] });
    expect(legsOf(host.standIn.freeswitch).size).toBe(0);
  });

  it('rings no longer than it is asked to', async () => {
    carriers({ outcome: 'silent' });
    const events = await placed({ ring_timeout_seconds: 5 });
    expect(lastOf(events).data).toMatchObject({ end_reason: 'carrier-failed', attempts: [{ reason: 'no-response' }] });
  });

  it('that an earlier process has ended is not dialled again', async () => {
    carriers({ outcome: 486 });
    const asked = request();
    await originate(asked);
    await host.untilWritten(asked.call_id);
    const before = callsAt(1);
    await host.stopAgents();
    await host.forget();
    const calls = await host.startAgent();
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
    expect(await originate(asked)).toEqual({ outcome: 'accepted' });
    // By the end of the next call the first would have been dialled again.
    await placed();
    expect(callsAt(1)).toBe(before! + 1);
  });

  it('is not dialled after its time', async () => {
    const late = request({ dial_until: new Date(Date.now() - 1).toISOString() });
    expect(await originate(late)).toMatchObject({ outcome: 'refused', code: 'too-late' });
  });

  it('waits for a channel of a trunk with limits, as trunk-service says', async () => {
    carriers({ outcome: 503 }, { outcome: 503 }, { outcome: 'answer', hangup_after_ms: 50 });
    let asked = 0;
    const permits = host.nc.subscribe(OUTBOUND_PERMIT, {
      callback: (_error, message) => {
        asked += 1;
        message.respond(
          JSON.stringify(
            asked < 3
              ? { outcome: 'wait', retry_after_ms: 20, position: 1, bridges: 1 }
              : { outcome: 'granted', bridges: 1 },
          ),
        );
      },
    });
    const events = await placed({ attempts: [planned(3)] });
    permits.unsubscribe();
    expect(asked).toBe(3);
    expect(lastOf(events).data).toMatchObject({ answered_at: expect.any(String) });
  });

  it.each([
    ['queue-timeout', { outcome: 'wait', retry_after_ms: 20, position: 1, bridges: 1 }],
    ['queue-full', { outcome: 'refused', reason: 'queue-full', message: 'Full.' }],
  ])('ends an attempt as %s, and the call', async (reason, answer) => {
    carriers({ outcome: 503 }, { outcome: 503 }, { outcome: 503 });
    const permits = host.nc.subscribe(OUTBOUND_PERMIT, {
      callback: (_error, message) => {
        message.respond(JSON.stringify(answer));
      },
    });
    const dial_until = new Date(Date.now() + 500).toISOString();
    const events = await placed({ attempts: [planned(3)], dial_until });
    permits.unsubscribe();
    expect(lastOf(events).data).toMatchObject({ end_reason: reason, attempts: [{ reason, sip_status: null }] });
  });
});

describe('an outbound call with an assistant', () => {
  let assistant: Assistant;
  beforeEach(async () => {
    assistant = await startAssistant();
    const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, mediaUrl: assistant.url } });
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  });
  afterEach(() => assistant.stop());

  it('has its stream while it rings, and its audio once it is answered', async () => {
    carriers({ outcome: 'answer', ring_ms: 400 });
    const asked = request({ welcome_message: 'Hello Ada', variables: { order: 7 } });
    await originate(asked);
    const stream = await eventually(() => assistant.connections[0], { message: 'the stream' });
    const { variables } = legsOf(host.standIn.freeswitch).get(asked.call_id)!.channel;
    expect(variables.get('jitterbuffer_msec')).toBe('1p:10p');
    expect((await host.callEvents(asked.call_id)).map(({ type }) => type)).not.toContain('CallAnswered');
    await eventually(() => stream.of('media').length > 0, { message: "the called party's audio" });
    await eventually(() => variables.get('jitterbuffer_msec') === '60:200', { message: 'the buffer of 60 ms' });
    expect(stream.of('start')[0]).toMatchObject({
      start: { customParameters: { outbound: 'true', welcome_message: 'Hello Ada', order: '7', to_number: TO } },
    });
    legsOf(host.standIn.freeswitch).get(asked.call_id)!.hangup('NORMAL_CLEARING', 'recv_bye');
    expect(lastOf(await host.untilWritten(asked.call_id)).data).toMatchObject({ end_reason: 'called-party-hung-up' });
  });
});
