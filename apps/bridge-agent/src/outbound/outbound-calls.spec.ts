import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { bridgeHeartbeat, type BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { callRefused, type CallEvent, type CallRefused } from '@trunkmesh/contracts/call.js';
import {
  originateAnswer,
  originateRequest,
  type ContinuedCall,
  type OriginateAnswer,
  type OriginateRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import type { PlannedAttempt } from '@trunkmesh/contracts/outbound.js';
import {
  BRIDGES_BUCKET,
  bridgeKey,
  bridgeRequest,
  CALLS_STREAM,
  OUTBOUND_PERMIT,
} from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { continuedEvent } from '../call-record/continued-event.js';
import { outboundStarted } from '../live/call-events.js';
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

const heartbeats = () =>
  openBucket(host.nc, {
    name: BRIDGES_BUCKET,
    schema: bridgeHeartbeat,
    logger: createLogger('test', { level: 'silent' }),
  });
const heartbeatOf = (bridge_id: string): BridgeHeartbeat => ({
  ...{ bridge_id, pool: 'default', sip_address: '192.0.2.20', agent_version: '1' },
  ...{ started_at: new Date().toISOString(), at: new Date().toISOString() },
  freeswitch: { connected: true, version: null, profile_running: true, since: null },
  ...{ gateways: {}, calls: 0, seen_position: 0, applied_position: 0, drift: 0, last_reload: null },
  ...{ refused_addresses: [], unconfirmed_records: 0 },
});

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

  it('goes on where FreeSWITCH was not given the attempt: nothing was dialled', async () => {
    carriers({ outcome: 503 }, { outcome: 'answer', hangup_after_ms: 50 });
    const before = callsAt(1) ?? 0;
    const events = await placed({ attempts: [planned(1, { dialled: '1;user=phone' }), planned(2)] });
    expect(callsAt(1) ?? 0).toBe(before);
    expect(lastOf(events).data).toMatchObject({
      end_reason: 'called-party-hung-up',
      attempts: [
        { trunk_id: id(2, 1), reason: 'switch-failed', sip_status: null, hangup_cause: null, failed_over: true },
        { trunk_id: id(2, 2), outcome: 'answered' },
      ],
    });
    const none = await placed({ attempts: [planned(1, { dialled: '1;user=phone' })] });
    expect(lastOf(none).data).toMatchObject({ end_reason: 'switch-ended', attempts: [{ failed_over: false }] });
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

  it.each<[number | undefined, number | undefined, string, object]>([
    [1, undefined, 'is dialled', { outcome: 'answered' }],
    [2, undefined, 'is not dialled', { reason: 'queue-timeout' }],
    [undefined, undefined, 'is not dialled', { reason: 'queue-timeout' }],
    [undefined, 1, 'is dialled', { outcome: 'answered' }],
    [undefined, 2, 'is not dialled', { reason: 'queue-timeout' }],
  ])(
    'without NATS, the bridge at place %p of two, or that of the process before, %p: %s',
    async (place, before, _what, second) => {
      if (before !== undefined) {
        await host.stopAgents();
        const note = { share: { bridges: 2, place: before }, at: new Date().toISOString() };
        await writeFile(join(host.stateDir, 'limit-share.json'), JSON.stringify(note));
        const calls = await host.startAgent();
        await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
      }
      // It rings for as long as NATS takes to be gone.
      carriers({ outcome: 503, ring_ms: 1_500 }, { outcome: 503 }, { outcome: 'answer', hangup_after_ms: 50 });
      const asked = request({
        attempts: [planned(1), planned(3)],
        // As long as it may wait for the only channel of its trunk.
        dial_until: new Date(Date.now() + 4_000).toISOString(),
        ...(place === undefined ? {} : { share: { bridges: 2, place } }),
      });
      expect(await originate(asked)).toEqual({ outcome: 'accepted' });
      await eventually(() => legsOf(host.standIn.freeswitch).size > 0, { message: 'the first attempt' });
      await host.nats.halt();
      const openFiles = () => readdir(join(host.stateDir, 'open'));
      await eventually(async () => !(await openFiles()).includes(`${asked.call_id}.jsonl`), {
        message: 'its end',
        timeoutMs: 20_000,
      });
      await host.nats.start();
      const { data } = lastOf(await host.untilWritten(asked.call_id));
      expect(data.attempts).toMatchObject([{ reason: 'carrier-failed' }, { trunk_id: id(2, 3), ...second }]);
    },
    40_000,
  );

  it.each([
    ['is dialled while no other bridge is online', [], { outcome: 'answered' }],
    ['is not dialled once another bridge has the only channel', ['bridge-0'], { reason: 'queue-timeout' }],
  ])('with the share of some time ago, and no word of trunk-service, %s', async (_what, others, expected) => {
    const share = { bridges: 1, place: 1 };
    await host.stopAgents();
    const note = { share, at: new Date().toISOString() };
    await writeFile(join(host.stateDir, 'limit-share.json'), JSON.stringify(note));
    for (const other of others) await heartbeats().put(bridgeKey(other), heartbeatOf(other));
    const calls = await host.startAgent();
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
    const attempted = async (with_: Partial<OriginateRequest>) => {
      carriers({ outcome: 503 }, { outcome: 503 }, { outcome: 'answer', hangup_after_ms: 50 });
      const dial_until = new Date(Date.now() + 1_000).toISOString();
      return lastOf(await placed({ attempts: [planned(3)], dial_until, ...with_ })).data.attempts;
    };
    expect(await attempted({})).toMatchObject([{ trunk_id: id(2, 3), ...expected }]);
    // Also where this process has a share already.
    expect(await attempted({ share })).toMatchObject([{ trunk_id: id(2, 3), ...expected }]);
    for (const other of others) await heartbeats().delete(bridgeKey(other));
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

it.each(['an echo', 'an assistant'])('a call with %s lasts no longer than it was asked to', async (whom) => {
  const assistant = await startAssistant();
  const mediaUrl = whom === 'an assistant' ? assistant.url : undefined;
  const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, mediaUrl } });
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  carriers({ outcome: 'answer' });
  const events = await placed({ max_call_seconds: 1, send_digits: '12w3' });
  expect(lastOf(events).data).toMatchObject({
    end_reason: 'max-duration-reached',
    timeline: expect.arrayContaining([expect.objectContaining({ what: 'digits-sent', detail: '4' })]),
  });
  await assistant.stop();
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

/** A call of bridge-2, as bridge-1 would be told of it. */
const startedOn = (bridgeId: string, asked: OriginateRequest) =>
  outboundStarted(asked, new Date('2026-11-29T10:00:00.000Z'), {
    bridgeId,
    newId: randomUUID,
    traceparent: undefined,
  });
const publish = async (event: CallEvent) =>
  (await jetstream(host.nc).publish(event.subject, JSON.stringify(event), { msgID: event.id })).seq;
/** Writes the event with which a bridge takes a call. */
const continueOn = (bridgeId: string, asked: OriginateRequest) =>
  publish(continuedEvent(startedOn(bridgeId, asked), asked.continued!, { id: randomUUID(), at: new Date() }));
const failedOn = (bridge_id: string): ContinuedCall['attempts'][number] => ({
  attempt: 1,
  trunk_id: id(2, 9),
  bridge_id,
  dialled: TO,
  outcome: 'failed',
  reason: 'carrier-failed',
  sip_status: 503,
  q850: 41,
  hangup_cause: 'NORMAL_TEMPORARY_FAILURE',
  started_at: '2026-11-29T10:00:00.000Z',
  duration_ms: 20,
  ringing: false,
  failed_over: true,
});
const refusedCall = (): CallRefused => {
  const sample = readFileSync(new URL('../../../../libs/contracts/samples/CallRefused.json', import.meta.url), 'utf8');
  const { data, ...event } = callRefused.parse(JSON.parse(sample));
  const parties = { call_id: randomUUID(), organization_id: id(1, 1), number_id: number(1, FROM).id };
  return { ...event, data: { ...data, ...parties, from: FROM, to: TO, reason: 'canceled' } };
};
const typesOf = (events: CallEvent[]) => events.map(({ type, data }) => `${type} ${data.bridge_id}`);
const elsewhere = planned(9, { bridge_id: 'bridge-2' });

describe('a call with its next trunk registered on another bridge', () => {
  let agent: Awaited<ReturnType<Host['startAgent']>>;
  let offers: OriginateRequest[];
  let hungUp: string[];
  let closing: (() => void)[];
  beforeEach(async () => {
    [offers, hungUp, closing] = [[], [], []];
    agent = await host.startAgent({ offerMs: 200 });
    await eventually(() => agent.readiness().routes === 'up', { message: 'the local copy' });
    carriers({ outcome: 503 }, { outcome: 'answer', hangup_after_ms: 50 });
  });
  afterEach(() => closing.forEach((close) => close()));

  /** Undefined: bridge-2 does not answer. */
  const other = (answer: (asked: OriginateRequest) => Promise<OriginateAnswer | undefined>) => {
    const subscriptions = [
      host.nc.subscribe(bridgeRequest('bridge-2', 'call.originate'), {
        callback: (_error, message) => {
          const asked = originateRequest.parse(message.json());
          offers.push(asked);
          void answer(asked).then((said) => said !== undefined && message.respond(JSON.stringify(said)));
        },
      }),
      host.nc.subscribe(bridgeRequest('bridge-2', 'call.hangup'), {
        callback: (_error, message) => {
          hungUp.push(message.json<{ call_id: string }>().call_id);
          message.respond(JSON.stringify({ outcome: 'done' }));
        },
      }),
    ];
    closing.push(() => subscriptions.forEach((one) => one.unsubscribe()));
  };
  const attemptsOf = (events: CallEvent[]) => lastOf(events).data.attempts!.map(({ reason }) => reason);
  const TRUNKS = [planned(1), elsewhere, planned(2)];

  it('goes on there, with what was tried, and has no end here', async () => {
    other(async (asked) => {
      await continueOn('bridge-2', asked);
      return { outcome: 'accepted' };
    });
    const asked = request({ attempts: TRUNKS });
    await originate(asked);
    await eventually(() => agent.live() === 0, { message: 'the call to be gone' });
    expect(offers).toMatchObject([
      {
        call_id: asked.call_id,
        dial_until: asked.dial_until,
        attempts: [{ trunk_id: id(2, 9) }, { trunk_id: id(2, 2) }],
        continued: {
          from_bridge: 'bridge-1',
          initiated: true,
          attempts: [{ attempt: 1, reason: 'carrier-failed', bridge_id: 'bridge-1' }],
        },
      },
    ]);
    expect(await originate(asked)).toEqual({ outcome: 'accepted' });
    expect(typesOf(await host.callEvents(asked.call_id))).toEqual([
      'CallStarted bridge-1',
      'CallAttemptFailed bridge-1',
      'CallContinued bridge-2',
    ]);
    await eventually(async () => (await readdir(join(host.stateDir, 'open'))).filter(isCall).length === 0);
    expect(agent.unconfirmedRecords()).toBe(0);
  });

  it('goes on here where the other bridge refuses, and where it is not there', async () => {
    const events = await placed({ attempts: TRUNKS });
    expect(attemptsOf(events)).toEqual(['carrier-failed', 'no-gateway', null]);
    other(() => Promise.resolve({ outcome: 'refused', code: 'bridge-full', message: 'Full.' }));
    carriers({ outcome: 503 }, { outcome: 'answer', hangup_after_ms: 50 });
    expect(attemptsOf(await placed({ attempts: TRUNKS }))).toEqual(['carrier-failed', 'no-gateway', null]);
    expect(offers).toHaveLength(1);
  });

  it('goes on here where the other bridge does not answer, which then cannot take it any more', async () => {
    other(() => Promise.resolve(undefined));
    const events = await placed({ attempts: TRUNKS });
    expect(attemptsOf(events)).toEqual(['carrier-failed', 'no-gateway', null]);
    expect(typesOf(events).slice(1, 4)).toEqual([
      'CallAttemptFailed bridge-1',
      'CallContinued bridge-1',
      'CallAttemptFailed bridge-1',
    ]);
  });

  it('is left to the other bridge after that took it, although its answer is lost', async () => {
    other(async (asked) => {
      if (offers.length === 1) await continueOn('bridge-2', asked);
      return undefined;
    });
    const asked = request({ attempts: TRUNKS });
    const before = callsAt(2) ?? 0;
    await originate(asked);
    await eventually(() => agent.live() === 0, { message: 'the call to be gone' });
    expect(typesOf(await host.callEvents(asked.call_id)).at(-1)).toBe('CallContinued bridge-2');
    expect(callsAt(2) ?? 0).toBe(before);
  });

  it('is canceled there, where it was canceled on its way', async () => {
    other(async (asked) => {
      const hangup = { call_id: asked.call_id, organization_id: asked.organization_id };
      await host.nc.request(bridgeRequest('bridge-1', 'call.hangup'), JSON.stringify(hangup));
      await continueOn('bridge-2', asked);
      return { outcome: 'accepted' };
    });
    const asked = request({ attempts: TRUNKS });
    await originate(asked);
    await eventually(() => agent.live() === 0, { message: 'the call to be gone' });
    expect(hungUp).toEqual([asked.call_id]);
  });
});

const isCall = (name: string) => name.endsWith('.jsonl');

describe('a call that another bridge began', () => {
  let assistant: Assistant;
  beforeEach(async () => {
    assistant = await startAssistant();
    const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, statusUrl: assistant.statusUrl } });
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  });
  afterEach(() => assistant.stop());

  /** bridge-2 began it, and its first trunk failed. */
  const begun = async (attempts: PlannedAttempt[]): Promise<OriginateRequest> => {
    const asked = request({ attempts });
    const started = startedOn('bridge-2', asked);
    const continued = {
      from_bridge: 'bridge-2',
      after: await publish(started),
      started_at: started.data.started_at,
      attempts: [failedOn('bridge-2')],
      statuses: 2,
      initiated: true,
      timeline: [{ at: started.data.started_at, what: 'trunk-tried', detail: id(2, 9) }],
    };
    return { ...asked, continued };
  };

  it('is numbered on, and is not started again', async () => {
    carriers({ outcome: 'answer', ring_ms: 20, hangup_after_ms: 50 });
    const asked = await begun([planned(1)]);
    expect(await Promise.all([originate(asked), originate(asked)])).toEqual(Array(2).fill({ outcome: 'accepted' }));
    const events = await host.untilWritten(asked.call_id);
    expect(typesOf(events)).toEqual([
      'CallStarted bridge-2',
      'CallContinued bridge-1',
      'CallAnswered bridge-1',
      'CallEnded bridge-1',
    ]);
    expect(lastOf(events).data).toMatchObject({
      started_at: asked.continued!.started_at,
      attempts: [
        { attempt: 1, bridge_id: 'bridge-2' },
        { attempt: 2, bridge_id: 'bridge-1', outcome: 'answered' },
      ],
      timeline: expect.arrayContaining([expect.objectContaining({ detail: id(2, 9) })]),
    });
    await eventually(() => assistant.statuses.length === 3, { message: 'the statuses' });
    expect(assistant.statuses.map(({ body }) => [body!['sequence'], body!['status']])).toEqual([
      [3, 'ringing'],
      [4, 'answered'],
      [5, 'completed'],
    ]);
    // A repeated request after its end.
    expect(await originate(asked)).toEqual({ outcome: 'accepted' });
  });

  it('is ended where its bridge is gone, and not dialled', async () => {
    const asked = await begun([planned(1)]);
    const before = callsAt(1) ?? 0;
    const closing = {
      ...asked,
      dial_until: asked.requested_at,
      continued: { ...asked.continued!, statuses: 3, closes: true as const },
    };
    expect(await originate(closing)).toEqual({ outcome: 'accepted' });
    const events = await host.untilWritten(asked.call_id);
    expect(lastOf(events).data).toMatchObject({ end_reason: 'bridge-stopped', attempts: [{ attempt: 1 }] });
    await eventually(() => assistant.statuses.length === 1, { message: 'the final status' });
    expect(assistant.statuses[0]!.body).toMatchObject({ sequence: 4, status: 'failed' });
    expect(callsAt(1) ?? 0).toBe(before);
  });

  it('is not taken after another event of it, and not dialled', async () => {
    const asked = await begun([planned(1)]);
    const other = await begun([planned(1)]);
    await originate(other);
    await host.untilWritten(other.call_id);
    const before = callsAt(1);
    await continueOn('bridge-3', asked);
    expect(await originate(asked)).toMatchObject({ outcome: 'refused', code: 'continued-elsewhere' });
    expect(callsAt(1)).toBe(before);
    // Noted before it would have been taken: a process that is killed then has it for the next one.
    const statuses = await readFile(join(host.stateDir, 'statuses', `${asked.call_id}.jsonl`), 'utf8');
    expect(statuses).toContain('"elsewhere":2');
  });

  it('is not refused while its log does not answer: it may be of this bridge', async () => {
    carriers({ outcome: 'answer', hangup_after_ms: 50 });
    const asked = await begun([planned(1)]);
    const { streams } = await jetstreamManager(host.nc);
    await streams.update(CALLS_STREAM, { max_msg_size: 10 });
    const answers: unknown[] = [];
    const asking = originate(asked).then((answer) => answers.push(answer));
    const noted = async () => (await readdir(join(host.stateDir, 'open'))).includes(`${asked.call_id}.jsonl`);
    await eventually(noted, { message: 'the call to be taken' });
    // Longer than the pause between two attempts.
    await pause(800);
    expect(answers).toEqual([]);
    await streams.update(CALLS_STREAM, { max_msg_size: -1 });
    await asking;
    expect(answers).toEqual([{ outcome: 'accepted' }]);
    expect(typesOf(await host.untilWritten(asked.call_id)).slice(1, 3)).toEqual([
      'CallContinued bridge-1',
      'CallAnswered bridge-1',
    ]);
  });

  it('is not sent round: the first attempt of a call that was taken is made here or fails', async () => {
    carriers({ outcome: 486 });
    const events = await (async () => {
      const asked = await begun([elsewhere, planned(1)]);
      await originate(asked);
      return host.untilWritten(asked.call_id);
    })();
    expect(lastOf(events).data.attempts!.map(({ reason }) => reason)).toEqual(['carrier-failed', 'no-gateway', 'busy']);
  });
});

describe('a call that is canceled before it is dialled', () => {
  let assistant: Assistant;
  let stop: () => void;
  let waits: number;
  beforeEach(async () => {
    assistant = await startAssistant();
    waits = 0;
    const permits = host.nc.subscribe(OUTBOUND_PERMIT, {
      callback: (_error, message) => {
        waits += 1;
        message.respond(JSON.stringify({ outcome: 'wait', retry_after_ms: 20, position: 1, bridges: 1 }));
      },
    });
    stop = () => permits.unsubscribe();
    const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, statusUrl: assistant.statusUrl } });
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  });
  afterEach(async () => {
    stop();
    await assistant.stop();
  });

  /** An agent that has just started answers requests a moment after it has its routes. */
  const hangUp = ({ call_id, organization_id }: OriginateRequest, more: object = {}) => {
    const body = JSON.stringify({ call_id, organization_id, ...more });
    const ended = async () => (await host.nc.request(bridgeRequest('bridge-1', 'call.hangup'), body)).json();
    return eventually(ended, { message: 'an answer of the agent' });
  };

  it('before its request arrives, is not taken, and the carrier gets nothing', async () => {
    const [canceled, others] = [request(), request()];
    const before = callsAt(1) ?? 0;
    for (const end of [canceled, { ...others, organization_id: id(1, 2) }])
      expect(await hangUp(end, { in_advance: true })).toMatchObject({ outcome: 'refused', code: 'call-not-found' });
    expect(await originate(canceled)).toMatchObject({ outcome: 'refused', code: 'canceled' });
    carriers({ outcome: 486 });
    expect(await originate(others)).toEqual({ outcome: 'accepted' });
    await host.untilWritten(others.call_id);
    expect(callsAt(1)).toBe(before + 1);
    expect(await host.callEvents(canceled.call_id)).toEqual([]);
  });

  it.each([
    ['in the queue of its only trunk', [planned(3)], ['queued', 'canceled']],
    ['between two attempts', [planned(1), planned(3)], ['queued', 'initiated', 'canceled']],
  ])('%s ends once as canceled, and its trunk is not dialled', async (_what, attempts, statuses) => {
    carriers({ outcome: 503 }, { outcome: 503 }, { outcome: 'answer' });
    const before = callsAt(3) ?? 0;
    const asked = request({ attempts });
    await originate(asked);
    await eventually(() => waits > 1, { message: 'the queue' });
    const hangup = { call_id: asked.call_id, organization_id: asked.organization_id };
    for (let times = 0; times < 2; times += 1)
      await host.nc.request(bridgeRequest('bridge-1', 'call.hangup'), JSON.stringify(hangup));
    stop();
    const events = await host.untilWritten(asked.call_id);
    expect(lastOf(events).data).toMatchObject({ end_reason: 'canceled', answered_at: null });
    expect(lastOf(events).data.attempts!.at(-1)).toMatchObject({ trunk_id: id(2, 3), reason: 'canceled' });
    // By the end of the next call it would have been dialled, and a second status written.
    await placed();
    await eventually(() => assistant.statuses.some(({ body }) => body?.call_id !== asked.call_id), {
      message: 'the statuses of the next call',
    });
    const own = assistant.statuses.filter(({ body }) => body?.call_id === asked.call_id);
    expect(own.map(({ body }) => body?.status)).toEqual(statuses);
    expect(callsAt(3) ?? 0).toBe(before);
  });
});

describe('a call that was refused before a bridge had it', () => {
  it('has its two statuses delivered, however often that is asked for', async () => {
    const assistant = await startAssistant();
    const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, statusUrl: assistant.statusUrl } });
    await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
    const event = refusedCall();
    const report = async (refused: CallRefused) => {
      const reply = await host.nc.request(bridgeRequest('bridge-1', 'call.refused'), JSON.stringify(refused));
      return originateAnswer.parse(reply.json());
    };
    const answers = await Promise.all([report(event), report(event)]);
    expect([...answers, await report(event)]).toEqual(Array(3).fill({ outcome: 'accepted' }));
    await eventually(() => assistant.statuses.length === 2, { message: 'the statuses' });
    const { call_id, started_at, ended_at } = event.data;
    const whose = { call_id, organization_id: id(1, 1), from_number: FROM, to_number: TO, direction: 'outbound' };
    expect(assistant.statuses.map(({ body }) => body)).toMatchObject([
      { ...whose, sequence: 1, status: 'queued', timestamp: started_at },
      { ...whose, sequence: 2, status: 'canceled', timestamp: ended_at, reason: 'canceled', duration_seconds: 0 },
    ]);
    const strange = { ...event, data: { ...event.data, organization_id: id(1, 9) } };
    expect(await report(strange)).toMatchObject({ outcome: 'refused', code: 'settings-not-known' });
    await assistant.stop();
  });
});

describe('a call that was on its way between two bridges when the agent was killed', () => {
  /** The file that the killed agent left. */
  const left = async (...lines: object[]) => {
    const asked = request({ attempts: [planned(1), elsewhere] });
    const started = startedOn('bridge-1', asked);
    await mkdir(join(host.stateDir, 'open'), { recursive: true });
    const text = [started, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(host.stateDir, 'open', `${asked.call_id}.jsonl`), text);
    return { asked, started };
  };
  const story = { type: 'CallStory', timeline: [], prewarm: null, recording: null, transfer: null };
  const gone = () => eventually(async () => (await readdir(join(host.stateDir, 'open'))).filter(isCall).length === 0);
  const continued = { from_bridge: 'bridge-1', attempts: [] };

  it('ends here once where no other bridge took it, and none can any more', async () => {
    const { asked, started } = await left({ ...story, offered_to: 'bridge-2' });
    const after = await publish(started);
    await host.startAgent();
    const events = await host.untilWritten(asked.call_id);
    expect(typesOf(events)).toEqual(['CallStarted bridge-1', 'CallContinued bridge-1', 'CallEnded bridge-1']);
    const late = { ...asked, continued: { ...continued, after, started_at: started.data.started_at } };
    await expect(
      jetstream(host.nc).publish(started.subject, JSON.stringify(late), { expect: { lastSubjectSequence: after } }),
    ).rejects.toThrow('wrong last sequence');
  });

  it.each([
    ['was offered and taken', [{ ...story, offered_to: 'bridge-2' }]],
    ['was ended while this agent was away for long', [story]],
    [
      'was about to be taken',
      [continuedEvent(startedOn('bridge-1', request()), continued, { id: randomUUID(), at: new Date() })],
    ],
  ])('is of the other bridge where it %s', async (_how, lines) => {
    const { asked, started } = await left(...lines);
    await publish(started);
    await publish(continuedEvent(startedOn('bridge-2', asked), continued, { id: randomUUID(), at: new Date() }));
    await host.startAgent();
    await gone();
    expect((await host.callEvents(asked.call_id)).map(({ type }) => type)).toEqual(['CallStarted', 'CallContinued']);
  });
});
