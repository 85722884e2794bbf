import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { callSid, type CallControlRefusal, type TransferAnswer } from '@trunkmesh/contracts/call-control.js';
import {
  callLogGet,
  callLogQuery,
  type CallLogGetAnswer,
  type CallLogListAnswer,
  type CallLogQuery,
} from '@trunkmesh/contracts/call-log.js';
import type { InboundDecision } from '@trunkmesh/contracts/routing.js';
import type { TransferResult } from '@trunkmesh/contracts/call-parts.js';
import {
  bridgeRequest,
  CALL_LOG_GET,
  CALL_LOG_LIST,
  CALL_LOG_QUEUE,
  CALLS_STREAM,
  callSubject,
  type BridgeRequest,
} from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { randomUUID } from 'node:crypto';
import { detailOf, summaryOf } from './calls.fixture.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { linkNats } from '@trunkmesh/runtime/link.nats.js';
import { hangUp } from './call-control.nats.js';

const CALLS = '/api/v1/calls';
const trace_id = '0af7651916cd43dd8448eb211c80319c';
let mesh: Mesh;
let nc: NatsConnection;
const stops: (() => void)[] = [];
beforeAll(async () => {
  mesh = await startMesh({ TRACE_URL: 'https://traces.example.com/trace/{trace_id}' });
  nc = await connectNats(mesh.nats.url, { name: 'others', logger: createLogger('test', { level: 'silent' }) });
  await ensureStreams(nc);
  await eventually(() => mesh.service.parts.nats.connection !== undefined);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Answers as the other end of a request, and keeps what was asked. */
async function play(subject: string, answer: (request: never) => unknown, queue?: string): Promise<unknown[]> {
  const asked: unknown[] = [];
  const subscription = nc.subscribe(subject, {
    ...(queue === undefined ? {} : { queue }),
    callback: (_error, message) => {
      const request = message.json();
      asked.push(request);
      const said = answer(request as never);
      if (said !== undefined) message.respond(typeof said === 'string' ? said : JSON.stringify(said));
    },
  });
  stops.push(() => subscription.unsubscribe());
  await nc.flush();
  return asked;
}

/** A call log of calls, in parts of so many. */
const playLog = (calls: string[], part = 1000) =>
  play(
    CALL_LOG_LIST,
    (request: CallLogQuery): CallLogListAnswer => {
      const { skip, limit } = callLogQuery.parse(request);
      return {
        outcome: 'list',
        calls: calls.slice(skip, skip + Math.min(limit, part)).map(summaryOf),
        total: calls.length,
      };
    },
    CALL_LOG_QUEUE,
  );

describe('GET /api/v1/calls', () => {
  it('is refused with what to do while nobody answers for the call log', async () => {
    const { member } = await mesh.organization();
    for (const path of [CALLS, `${CALLS}/${randomUUID()}`]) {
      expect(await member('GET', path)).toMatchObject({
        status: 503,
        body: { code: 'call-log-unavailable', detail: expect.stringContaining('billing-observer') },
      });
    }
  });

  it('is an object of items with the total and the way to the next page, for any key', async () => {
    const { id, member, publisher, admin } = await mesh.organization();
    const calls = Array.from({ length: 5 }, () => randomUUID());
    const asked = await playLog(calls);
    const page = await member('GET', `${CALLS}?limit=2&status=completed`);
    expect(page).toMatchObject({
      status: 200,
      body: { items: calls.slice(0, 2).map(summaryOf), total: 5, skip: 0, limit: 2 },
    });
    expect(Object.keys(page.body)).toEqual(['items', 'total', 'skip', 'limit']);
    expect(page.headers.get('X-Total-Count')).toBe('5');
    const link = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('Link')!)![1]!;
    expect((await publisher('GET', link)).body.items.map((call: { call_id: string }) => call.call_id)).toEqual(
      calls.slice(2, 4),
    );
    expect((await admin('GET', `${CALLS}?skip=4`)).headers.get('Link')).toBeNull();
    expect(asked[0]).toEqual({ organization_id: id, skip: 0, limit: 2, status: 'completed' });
  });

  it("takes a date for that day in the organisation's time zone", async () => {
    const { id, admin, member } = await mesh.organization();
    await admin('PATCH', `/api/v1/organizations/${id}`, { time_zone: 'America/New_York' });
    const asked = await playLog([]);
    await member('GET', `${CALLS}?date_from=2026-11-01&date_to=2026-11-01`);
    expect(asked).toMatchObject([{ date_from: '2026-11-01T04:00:00.000Z', date_to: '2026-11-02T04:59:59.999Z' }]);
  });

  it('asks with every filter, brought to what the log understands', async () => {
    const { id, member } = await mesh.organization();
    const call = randomUUID();
    const asked = await playLog([]);
    expect(
      (
        await member(
          'GET',
          `${CALLS}?skip=1&limit=10&status=failed&assistant_id=7&customer_phone=+15559876543` +
            `&call_sid=${callSid(call)}&date_from=2026-11-01&date_to=2026-11-30&min_duration=1&max_duration=2.5` +
            `&direction=inbound&flow_id=8&trunk_id=${id}&number_id=${id}`,
        )
      ).status,
    ).toBe(200);
    expect(asked).toEqual([
      {
        organization_id: id,
        skip: 1,
        limit: 10,
        status: 'failed',
        assistant_id: 7,
        customer_phone: '+15559876543',
        call_id: call,
        date_from: '2026-11-01T00:00:00.000Z',
        date_to: '2026-11-30T23:59:59.999Z',
        min_duration: 1,
        max_duration: 2.5,
        direction: 'inbound',
        flow_id: 8,
        trunk_id: id,
        number_id: id,
      },
    ]);
  });

  it("has every name that the platform's clients know, for calls in both directions", async () => {
    const { id, admin, member } = await mesh.organization();
    const number = async (phone_number: string, target: object) =>
      expect((await admin('POST', '/api/v1/phone-numbers', { phone_number, ...target })).status).toBe(201);
    await number('+15551110001', { assistant: { id: 7, name: 'Front Desk' } });
    await number('+15551110002', { flow: { id: 8, name: 'Opening hours' } });
    const [inbound, outbound, nameless] = [randomUUID(), randomUUID(), randomUUID()];
    await play(CALL_LOG_LIST, (): CallLogListAnswer => {
      const calls = [
        summaryOf(inbound),
        { ...summaryOf(outbound), direction: 'outbound' as const, assistant_id: null, flow_id: 8 },
        { ...summaryOf(nameless), assistant_id: 9, duration_seconds: null, ended_at: null },
      ];
      return { outcome: 'list', calls, total: 3 };
    });
    const { items } = (await member('GET', CALLS)).body;
    const known = {
      id: inbound,
      call_sid: callSid(inbound),
      assistant_id: 7,
      assistant_name: 'Front Desk',
      flow_name: null,
      to_phone_number: '+15551234567',
      customer_phone_number: '+15559876543',
      status: 'completed',
      started_at: '2026-11-23T00:44:09.871Z',
      ended_at: '2026-11-23T00:44:13.951Z',
      duration: 4.02,
      call_meta: {},
      total_cost: null,
      telephony_cost: null,
      cost_currency: null,
      carrier_cost: 'external',
    };
    expect(items).toMatchObject([
      known,
      {
        assistant_name: null,
        flow_name: 'Opening hours',
        to_phone_number: '+15559876543',
        customer_phone_number: '+15551234567',
      },
      { id: nameless, assistant_name: null, duration: null, ended_at: null },
    ]);
    await play(CALL_LOG_GET, (request): CallLogGetAnswer => {
      const { call_id } = callLogGet.parse(request);
      return { outcome: 'call', call: detailOf(call_id) };
    });
    expect((await member('GET', `${CALLS}/${inbound}`)).body).toMatchObject(known);
    const other = await mesh.organization();
    expect((await other.member('GET', `${CALLS}/${inbound}`)).body).toMatchObject({ assistant_name: null });
    expect(id).not.toBe(other.id);
  });

  it("finds by part of an assistant's name, and of a call's sid", async () => {
    const { admin, member } = await mesh.organization();
    const add = (phone_number: string, assistant: object) =>
      admin('POST', '/api/v1/phone-numbers', { phone_number, assistant });
    await add('+15551110003', { id: 17, name: 'Front Desk' });
    await add('+15551110004', { id: 18, name: 'Desk of the night' });
    await add('+15551110005', { id: 19, name: '100% sales' });
    const call = randomUUID();
    const asked = (await playLog([call])) as CallLogQuery[];
    for (const [name, ids] of [
      ['desk', [17, 18]],
      ['FRONT', [17]],
      ['%', [19]],
      ['_', []],
    ] as const) {
      asked.length = 0;
      const { body } = await member('GET', `${CALLS}?assistant_name=${encodeURIComponent(name)}&status=completed`);
      expect([name, asked.flatMap(({ assistant_ids }) => assistant_ids).sort()]).toEqual([name, [...ids]]);
      expect(body).toMatchObject({ total: ids.length === 0 ? 0 : 1, skip: 0, limit: 100 });
    }
    const other = await mesh.organization();
    expect((await other.member('GET', `${CALLS}?assistant_name=desk`)).body).toMatchObject({ items: [], total: 0 });
    asked.length = 0;
    await member('GET', `${CALLS}?call_sid=${callSid(call).slice(0, 9)}`);
    expect(asked).toMatchObject([{ call_sid: callSid(call).slice(0, 9) }]);
  });

  it('puts together what came in parts', async () => {
    const { member } = await mesh.organization();
    const calls = Array.from({ length: 25 }, () => randomUUID());
    const asked = await playLog(calls, 4);
    expect(
      (await member('GET', `${CALLS}?skip=2&limit=20`)).body.items.map((call: { call_id: string }) => call.call_id),
    ).toEqual(calls.slice(2, 22));
    expect(asked).toHaveLength(5);
    expect((await member('GET', `${CALLS}?skip=20`)).body.items).toHaveLength(5);
  });

  it('names the place of what is wrong', async () => {
    const { member } = await mesh.organization();
    expect(await member('GET', `${CALLS}?limit=1001&date_from=yesterday&call_sid=&states=1`)).toMatchObject({
      status: 400,
      body: {
        errors: expect.arrayContaining(
          ['/limit', '/date_from', '/call_sid', '/states'].map((pointer) => expect.objectContaining({ pointer })),
        ),
      },
    });
    expect((await mesh.operator('GET', CALLS)).body).toMatchObject({ code: 'invalid-request' });
  });

  it.each<[string, unknown]>([
    ['its database is away', { outcome: 'error', code: 'unavailable', message: 'the database does not answer' }],
    ['it says what nobody understands', { outcome: 'list' }],
    ['it says nothing that is JSON', 'x'],
  ])('is refused where %s', async (_what, answer) => {
    await play(CALL_LOG_LIST, () => answer);
    const { member } = await mesh.organization();
    expect(await member('GET', CALLS)).toMatchObject({ status: 503, body: { code: 'call-log-unavailable' } });
  });
});

describe('GET /api/v1/calls/{call_id}', () => {
  it('is everything that is known of it, by its sid and by its UUID', async () => {
    const { id, member } = await mesh.organization();
    const call = randomUUID();
    await play(CALL_LOG_GET, (request): CallLogGetAnswer => {
      const { organization_id, call_id } = callLogGet.parse(request);
      return organization_id === id && call_id === call
        ? { outcome: 'call', call: detailOf(call, { trace_id }) }
        : { outcome: 'not-found' };
    });
    for (const sid of [call, callSid(call), call.toUpperCase()])
      expect(await member('GET', `${CALLS}/${sid}`)).toMatchObject({
        status: 200,
        body: { ...detailOf(call, { trace_id }), trace_url: `https://traces.example.com/trace/${trace_id}` },
      });
    const other = await mesh.organization();
    for (const [api, sid] of [
      [other.admin, call],
      [member, randomUUID()],
      [member, 'CA12'],
      [member, `CA${'1234567890'.repeat(4).slice(0, 32)}`],
      [member, '%00'],
    ] as const) {
      expect(await api('GET', `${CALLS}/${sid}`)).toMatchObject({ status: 404, body: { code: 'call-not-found' } });
    }
  });

  it('is no oracle: what the explanation says of other organisations is hidden', async () => {
    const { id, member } = await mesh.organization();
    const theirs = randomUUID();
    const routing: InboundDecision = {
      outcome: 'refuse',
      reason: 'unknown-number',
      sip_status: 404,
      organization_id: id,
      trunk_id: null,
      number: null,
      explanation: {
        source_address: '192.0.2.9',
        claimed_gateway: null,
        candidates: [{ trunk_id: theirs, organization_id: theirs, matched_by: 'gateway-address' }],
        steps: [{ source: 'To', raw: '+15551230000', number: '+15551230000', verdict: 'other-organizations-number' }],
        summary: "Nobody's.",
      },
    };
    await play(CALL_LOG_GET, ({ call_id }: { call_id: string }) => ({
      outcome: 'call',
      call: detailOf(call_id, { routing }),
    }));
    const { body } = await member('GET', `${CALLS}/${randomUUID()}`);
    expect(body.routing.explanation).toMatchObject({ candidates: [], steps: [{ verdict: 'nobodys-number' }] });
    expect(JSON.stringify(body)).not.toContain(theirs);
  });
});

describe('a call that goes on', () => {
  /** The last event that the log has of a call. */
  const event = async (organization: string, call: string, type: string) => {
    const subject = callSubject(organization, call);
    await jetstream(nc).publish(
      subject,
      JSON.stringify({ type, subject, data: { call_id: call, organization_id: organization, bridge_id: 'bridge-7' } }),
    );
  };
  const ongoing = async () => {
    const organization = await mesh.organization();
    const call = randomUUID();
    await event(organization.id, call, 'CallStarted');
    await event(organization.id, call, 'CallAnswered');
    return { ...organization, call, at: `${CALLS}/${callSid(call)}` };
  };
  const agent = (name: BridgeRequest, answer: unknown) => play(bridgeRequest('bridge-7', name), () => answer);
  const result = (over: Partial<TransferResult>): TransferResult => ({
    outcome: 'transferred',
    target: 'sip:+15551112222@192.0.2.9',
    refer_status: 202,
    target_status: 200,
    requested_at: '2026-11-23T00:44:11.000Z',
    ended_at: '2026-11-23T00:44:13.000Z',
    ...over,
  });

  it('is hung up by the bridge that has it', async () => {
    const { publisher, id, call, at } = await ongoing();
    const asked = await agent('call.hangup', { outcome: 'done' });
    expect(await publisher('POST', `${at}/hangup`)).toMatchObject({
      status: 202,
      body: { call_sid: callSid(call), status: 'ending' },
    });
    expect(asked).toEqual([{ call_id: call, organization_id: id }]);
  });

  it('says how good its audio was so far, also to a member', async () => {
    const { member, id, call, at } = await ongoing();
    const quality_course = { interval_seconds: 5, mos: [4.5], packets_in: [250], flaws: [0], gaps: [0] };
    const asked = await agent('call.quality', { outcome: 'measured', quality_course });
    expect(await member('GET', `${at}/quality`)).toMatchObject({
      status: 200,
      body: { call_sid: callSid(call), quality_course },
    });
    expect(asked).toEqual([{ call_id: call, organization_id: id }]);
    const other = await mesh.organization();
    expect(await other.admin('GET', `${at}/quality`)).toMatchObject({ status: 404, body: { code: 'call-not-found' } });
    expect(asked).toHaveLength(1);
    await event(id, call, 'CallEnded');
    expect(await member('GET', `${at}/quality`)).toMatchObject({ status: 409, body: { code: 'call-ended' } });
  });

  it('is sent digits', async () => {
    const { admin, id, call, at } = await ongoing();
    const asked = await agent('call.dtmf', { outcome: 'done' });
    expect(await admin('POST', `${at}/dtmf`, { digits: '12w#' })).toMatchObject({
      status: 200,
      body: { call_sid: callSid(call), status: 'sent' },
    });
    expect(asked).toEqual([{ call_id: call, organization_id: id, digits: '12w#' }]);
    for (const digits of ['', '12x', '1'.repeat(65), 5])
      expect(await admin('POST', `${at}/dtmf`, { digits })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: '/digits' }] },
      });
  });

  it('is transferred, and the answer says how', async () => {
    const { publisher, id, call, at } = await ongoing();
    const asked = await agent('call.transfer', { outcome: 'ended', transfer: result({}) } satisfies TransferAnswer);
    expect(await publisher('POST', `${at}/transfer`, { to: '+15551112222' })).toMatchObject({
      status: 200,
      body: { call_sid: callSid(call), ...result({}) },
    });
    expect(asked).toEqual([{ call_id: call, organization_id: id, to: '+15551112222' }]);
    for (const body of [{}, { to: '' }, { to: 'x'.repeat(257) }, { to: '+15551112222', from: 'x' }])
      expect((await publisher('POST', `${at}/transfer`, body)).status).toBe(400);
  });

  it.each<[string, Partial<TransferResult>, number, string, string]>([
    ['the target is busy', { outcome: 'refused', target_status: 486 }, 409, 'transfer-refused', 'SIP status 486'],
    [
      'the carrier refuses',
      { outcome: 'refused', refer_status: 403, target_status: null },
      409,
      'transfer-refused',
      'SIP status 403',
    ],
    [
      'nobody says',
      { outcome: 'indeterminate', target_status: null },
      504,
      'transfer-unconfirmed',
      'not confirmed in time',
    ],
  ])('is not transferred where %s, and the problem holds the transfer', async (_what, over, status, code, detail) => {
    const { admin, at } = await ongoing();
    await agent('call.transfer', { outcome: 'ended', transfer: result(over) });
    const answered = await admin('POST', `${at}/transfer`, { to: '+15551112222' });
    expect(answered).toMatchObject({
      status,
      body: { code, detail: expect.stringContaining(detail), transfer: result(over) },
    });
    expect(answered.headers.get('Content-Type')).toBe('application/problem+json');
  });

  it.each<[CallControlRefusal, number, string]>([
    ['invalid-request', 400, 'invalid-request'],
    ['call-not-found', 404, 'call-not-found'],
    ['call-not-answered', 409, 'call-not-answered'],
    ['transfer-in-progress', 409, 'transfer-in-progress'],
    ['destination-not-allowed', 403, 'destination-not-allowed'],
    ['switch-unavailable', 503, 'bridge-unavailable'],
  ])('the bridge refuses: %s', async (refusal, status, code) => {
    const { admin, at } = await ongoing();
    for (const [name, path, body] of [
      ['call.hangup', 'hangup', undefined],
      ['call.transfer', 'transfer', { to: '+15551112222' }],
      ['call.dtmf', 'dtmf', { digits: '1' }],
    ] as const) {
      await agent(name, { outcome: 'refused', code: refusal, message: 'The bridge says why.' });
      expect(await admin('POST', `${at}/${path}`, body)).toMatchObject({
        status,
        body: { code, detail: 'The bridge says why.' },
      });
    }
  });

  it('is out of reach where its bridge does not answer, or not in our words', async () => {
    const { admin, at } = await ongoing();
    expect(await admin('POST', `${at}/hangup`)).toMatchObject({
      status: 503,
      body: { code: 'bridge-unavailable', detail: expect.stringContaining('is not running or not ready') },
    });
    await agent('call.hangup', { outcome: 'perhaps' });
    expect(await admin('POST', `${at}/hangup`)).toMatchObject({ status: 503, body: { code: 'bridge-unavailable' } });
    await agent('call.dtmf', undefined);
    expect(await admin('POST', `${at}/dtmf`, { digits: '1' })).toMatchObject({
      status: 503,
      body: { code: 'bridge-unavailable', detail: expect.stringContaining('in time') },
    });
  });

  it.each(['CallEnded', 'CallRejected', 'CallRecordingStored'])('has ended after %s', async (type) => {
    const { id, call, admin, at } = await ongoing();
    const asked = await agent('call.hangup', { outcome: 'done' });
    await event(id, call, type);
    expect(await admin('POST', `${at}/hangup`)).toMatchObject({ status: 409, body: { code: 'call-ended' } });
    expect(asked).toEqual([]);
  });

  it("is nobody else's, and not a member's to touch", async () => {
    const { member, at } = await ongoing();
    const other = await mesh.organization();
    const asked = await agent('call.hangup', { outcome: 'done' });
    expect(await member('POST', `${at}/hangup`)).toMatchObject({ status: 403, body: { code: 'not-allowed' } });
    for (const [path, body] of [
      ['hangup', undefined],
      ['transfer', { to: '+15551112222' }],
      ['dtmf', { digits: '1' }],
    ] as const) {
      expect(await other.admin('POST', `${at}/${path}`, body)).toMatchObject({
        status: 404,
        body: { code: 'call-not-found' },
      });
      expect(await other.admin('POST', `${CALLS}/nothing/${path}`, body)).toMatchObject({
        status: 404,
        body: { code: 'call-not-found' },
      });
    }
    expect(asked).toEqual([]);
  });

  it('is not looked for where the log has no calls', async () => {
    const { admin, at } = await ongoing();
    await (await jetstreamManager(nc)).streams.delete(CALLS_STREAM);
    expect(await admin('POST', `${at}/hangup`)).toMatchObject({ status: 503, body: { code: 'log-unavailable' } });
    await ensureStreams(nc);
  });

  it('is said to be as it was where there is no connection to NATS', async () => {
    const link = linkNats(mesh.nats.url, { name: 'cut off', logger: createLogger('test', { level: 'silent' }) });
    await link.ready;
    await link.close();
    await expect(hangUp(link, { organization_id: randomUUID(), call_id: randomUUID() })).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringMatching(/NATS is unreachable.*Nothing was done/),
    });
  });
});
