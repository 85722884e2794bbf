import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { callEnded } from '@trunkmesh/contracts/call.js';
import type { OriginateAnswer } from '@trunkmesh/contracts/outbound-call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CALLED, startOutbound, type FakeBridge, type Outbound } from './outbound.fixture.js';

const CALLS = '/api/v1/calls';
const range = (length: number) => Array.from({ length }, (_unused, index) => index);
let outbound: Outbound;
let one: FakeBridge;
let other: FakeBridge;
let accept: FakeBridge['answer'];
beforeAll(async () => {
  outbound = await startOutbound();
  one = await outbound.bridge('bridge-1');
  other = await outbound.bridge('bridge-2', 'other');
  accept = one.answer;
}, 60_000);
afterAll(() => outbound?.stop());

const full: OriginateAnswer = { outcome: 'refused', code: 'bridge-full', message: 'Full.' };
const call = (from: string, more: object = {}) => ({ from_phone_number: from, to_phone_number: CALLED, ...more });

/** The bridges that were asked to deliver the statuses of a refused call, in order. */
const reportsOf = (callId: string) =>
  [one, other].flatMap(({ id, reported }) =>
    reported.filter(({ data }) => data.call_id === callId).map(({ data }) => ({ bridge: id, reason: data.reason })),
  );

/** The end of an outbound call, as its bridge reports it. */
const endOf = (organization_id: string, call_id: string) => {
  const sample = callEnded.parse(
    JSON.parse(readFileSync(new URL('../../../../libs/contracts/samples/CallEnded.json', import.meta.url), 'utf8')),
  );
  const parties = { call_id, organization_id, bridge_id: 'bridge-1', direction: 'outbound' as const };
  return {
    ...sample,
    id: randomUUID(),
    subject: callSubject(organization_id, call_id),
    data: { ...sample.data, ...parties, billable_ms: 4_000, ended_at: new Date().toISOString() },
  };
};

describe('the ceilings of an organisation', () => {
  it('hold however many calls arrive at once, and every refusal is in the log', async () => {
    const { id, publisher, from } = await outbound.organization({}, { quotas: { outbound_calls_per_hour: 5 } });
    const answers = await Promise.all(
      range(200).map((index) =>
        publisher('POST', CALLS, call(from, { to_phone_number: `+15551238${String(index).padStart(3, '0')}` })),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(195);
    expect(refused[0]!.headers.get('retry-after')).toBe('300');
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['calls-per-hour']));
    for (const { body } of refused.slice(0, 10)) {
      const events = await eventually(async () => {
        const found = await outbound.eventsOf(id, body.call_id);
        return found.length > 0 ? found : undefined;
      });
      expect(events).toMatchObject([{ type: 'CallRefused', data: { reason: 'calls-per-hour' } }]);
    }
  });

  it('bound the calls to one number, and the minutes', async () => {
    const quotas = { outbound_calls_per_destination: 2, outbound_minutes_per_day: 1 };
    const { id, publisher, from } = await outbound.organization({}, { quotas });
    const first = await publisher('POST', CALLS, call(from));
    expect((await publisher('POST', CALLS, call(from))).status).toBe(201);
    expect((await publisher('POST', CALLS, call(from))).body).toMatchObject({ status: 429, code: 'same-destination' });
    const ended = endOf(id, first.body.call_id);
    await outbound.publish({ ...ended, data: { ...ended.data, billable_ms: 60_000 } });
    let others = 0;
    await eventually(async () => {
      const to_phone_number = `+1555123${7_000 + (others += 1)}`;
      return (await publisher('POST', CALLS, call(from, { to_phone_number }))).body.code === 'minutes-per-day';
    });
  });
});

describe('the queue of a trunk', () => {
  it('takes as many calls as it is long, however many arrive at once, and no other trunk is passed over', async () => {
    const limits = { max_channels: 2, queue_length: 3, queue_seconds: 20 };
    const { id, admin, publisher, from } = await outbound.organization(limits);
    const answers = await Promise.all(range(200).map(() => publisher('POST', CALLS, call(from))));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(refused.map(({ body }) => body.code)).toEqual(range(195).map(() => 'queue-full'));
    expect(refused[0]!.headers.get('retry-after')).toBe('5');
    const [event] = await eventually(async () => {
      const events = await outbound.eventsOf(id, refused[0]!.body.call_id);
      return events.length > 0 ? events : undefined;
    });
    expect(event).toMatchObject({ type: 'CallRefused', data: { reason: 'queue-full', to: CALLED } });

    const { body: spare } = await admin('POST', '/api/v1/sip-trunks', {
      name: 'Spare',
      gateway: 'sip.example.com',
      register: false,
    });
    await outbound.planned(admin, from, 2);
    const { body } = await publisher('POST', CALLS, call(from));
    expect(one.asked.find(({ call_id }) => call_id === body.call_id)!.attempts).toMatchObject([{ trunk_id: spare.id }]);
  });
});

describe.each([CALLS, '/calls/initiate'])('POST %s', (path) => {
  it('gives the call to a bridge, with the texts filled, and answers that it is queued', async () => {
    const { id, publisher, number, trunk, from } = await outbound.organization();
    const body = call(from, {
      to_phone_number: '(555) 123-9999',
      welcome_message: 'Hello {{name}}',
      agenda: 'Ask {{name}} about {{unknown}}',
      variables: { name: 'Ana', visits: 3 },
      call_meta: { campaign: 'november' },
      send_digits: 'w1',
      ring_timeout_seconds: 20,
      max_call_seconds: 600,
    });
    const { status, body: answer, headers } = await publisher('POST', path, body);
    expect({ status, answer }).toEqual({
      status: 201,
      answer: {
        message: expect.any(String),
        call_sid: callSid(answer.call_id),
        call_id: expect.any(String),
        status: 'queued',
      },
    });
    expect(headers.get('Location')).toBe(`${CALLS}/${answer.call_id}`);
    const asked = one.asked.find(({ call_id }) => call_id === answer.call_id)!;
    expect(asked).toMatchObject({
      organization_id: id,
      number_id: number.id,
      from,
      to: CALLED,
      country: 'US',
      caller_id: from,
      target: { kind: 'assistant', id: 7 },
      attempts: [{ trunk_id: trunk.id, bridge_id: 'bridge-1' }],
      welcome_message: 'Hello Ana',
      agenda: 'Ask Ana about {{unknown}}',
      variables: { name: 'Ana', visits: 3 },
      call_meta: { campaign: 'november' },
      send_digits: 'w1',
      ring_timeout_seconds: 20,
      max_call_seconds: 600,
    });
    expect(Date.parse(asked.dial_until) - Date.parse(asked.requested_at)).toBeGreaterThanOrEqual(30_000);
    expect(await outbound.rowOf(answer.call_id)).toMatchObject({ state: 'accepted', bridge_id: 'bridge-1' });
    expect(await outbound.eventsOf(id, answer.call_id)).toEqual([]);
  });

  it('takes no key of a member, and no number or trunk of another organisation', async () => {
    const mine = await outbound.organization();
    const theirs = await outbound.organization();
    const before = one.asked.length;
    expect((await mine.member('POST', path, call(mine.from))).status).toBe(403);
    expect(await mine.admin('POST', path, call(theirs.from))).toMatchObject({
      status: 404,
      body: { code: 'unknown-number' },
    });
    expect(await mine.admin('POST', path, call(mine.from, { sip_trunk_id: theirs.trunk.id }))).toMatchObject({
      status: 404,
      body: { code: 'unknown-trunk' },
    });
    expect(await mine.admin('POST', path, call(mine.from, { caller_id: theirs.from }))).toMatchObject({
      status: 403,
      body: { code: 'caller-id-not-allowed' },
    });
    expect(one.asked).toHaveLength(before);
  });

  it('lets admins alone choose the trunk', async () => {
    const { admin, publisher, from, trunk } = await outbound.organization();
    const body = call(from, { sip_trunk_id: trunk.id });
    expect(await publisher('POST', path, body)).toMatchObject({ status: 403, body: { code: 'not-allowed' } });
    expect((await admin('POST', path, body)).status).toBe(201);
  });
});

describe('a call that is refused', () => {
  it('answers why, and is an event with its reason', async () => {
    const { id, admin, from, number } = await outbound.organization();
    const { status, body } = await admin(
      'POST',
      CALLS,
      call(from, { to_phone_number: '+4930123456', call_meta: { a: 1 } }),
    );
    expect({ status, body }).toMatchObject({
      status: 403,
      body: { code: 'country-not-allowed', call_id: expect.any(String), call_sid: expect.stringMatching(/^CA/) },
    });
    expect(await eventually(async () => (await outbound.eventsOf(id, body.call_id))[0])).toMatchObject({
      type: 'CallRefused',
      data: {
        reason: 'country-not-allowed',
        detail: body.detail,
        from,
        to: '+4930123456',
        bridge_id: null,
        organization_id: id,
        call_meta: { a: 1 },
      },
    });
    expect(await outbound.rowOf(body.call_id)).toBeUndefined();
    expect(number.phone_number).toBe(from);
  });

  it.each([
    ['a text that is too long once filled', { agenda: '{{a}}{{a}}', variables: { a: 'x'.repeat(3_000) } }, '/agenda'],
    [
      'a call_meta with too many keys',
      { call_meta: Object.fromEntries(range(65).map((n) => [`k${n}`, n])) },
      '/call_meta',
    ],
    ['a call_meta that is too long', { call_meta: { note: 'x'.repeat(17_000) } }, '/call_meta'],
    ['a call_meta with a key that is too long', { call_meta: { ['x'.repeat(65)]: 1 } }, `/call_meta/${'x'.repeat(64)}`],
    ['an assistant and a flow', { assistant_id: 1, flow_id: 2 }, '/flow_id'],
    ['a field that is none', { welcome: 'x' }, '/welcome'],
    ['digits that cannot be dialled', { send_digits: '12x' }, '/send_digits'],
  ])('before anything is asked, for %s', async (_what, more, pointer) => {
    const { admin, from } = await outbound.organization();
    expect(await admin('POST', CALLS, call(from, more))).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
  });
});

describe('an Idempotency-Key', () => {
  it('makes one call of the same request, and answers it the same', async () => {
    const { admin, from } = await outbound.organization();
    const key = { 'Idempotency-Key': randomUUID() };
    const answers = [await admin('POST', CALLS, call(from), key), await admin('POST', CALLS, call(from), key)];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[1]!.body).toEqual(answers[0]!.body);
    expect(answers[1]!.headers.get('Idempotency-Replayed')).toBe('true');
    expect(one.asked.filter(({ call_id }) => call_id === answers[0]!.body.call_id)).toHaveLength(1);
    expect(await admin('POST', CALLS, call(from, { assistant_id: 9 }), key)).toMatchObject({
      status: 409,
      body: { code: 'idempotency-key-reused' },
    });
  });

  it('may be used again after a refusal, which was no call to the number', async () => {
    const { admin, from } = await outbound.organization({}, { quotas: { outbound_calls_per_destination: 1 } });
    const key = { 'Idempotency-Key': randomUUID() };
    one.answer = () => full;
    const refused = await admin('POST', CALLS, call(from), key);
    expect(refused).toMatchObject({ status: 503, body: { code: 'no-bridge' } });
    one.answer = accept;
    const again = await admin('POST', CALLS, call(from), key);
    expect(again.status).toBe(201);
    expect(again.body.call_id).not.toBe(refused.body.call_id);
  });
});

describe('the time until which a call may be dialled', () => {
  it('leaves each trunk before the last one its own time to ring, and each its queue', async () => {
    const patient = { ring_timeout_seconds: 180, max_channels: 5, queue_seconds: 90 };
    const { admin, from } = await outbound.organization(patient);
    const spare = { name: 'Spare', gateway: 'sip.example.com', register: false };
    await admin('POST', '/api/v1/sip-trunks', spare);
    await outbound.planned(admin, from, 2);
    const secondsOf = async (more: object = {}) => {
      const { body } = await admin('POST', CALLS, call(from, more));
      const { requested_at, dial_until } = one.asked.find(({ call_id }) => call_id === body.call_id)!;
      return (Date.parse(dial_until) - Date.parse(requested_at)) / 1_000;
    };
    expect(await secondsOf()).toBe(30 + 90 + 15 + 180);
    expect(await secondsOf({ ring_timeout_seconds: 10 })).toBe(30 + 90 + 15 + 10);
  });
});

describe('the hand-over', () => {
  it('goes on with the trunks whose bridge can take the call', async () => {
    const { id, admin, from } = await outbound.organization();
    await outbound.mesh.operator('PATCH', `/api/v1/organizations/${id}`, { bridge_pools: ['default', 'other'] });
    const second = await admin('POST', '/api/v1/sip-trunks', {
      name: 'Second',
      gateway: 'sip.example.com',
      register: false,
      bridge_pool: 'other',
    });
    await outbound.planned(admin, from, 2);
    const { body: first } = await admin('POST', CALLS, call(from));
    expect(one.asked.find(({ call_id }) => call_id === first.call_id)!.attempts).toMatchObject([
      { bridge_id: 'bridge-1' },
      { bridge_id: 'bridge-2', trunk_id: second.body.id },
    ]);
    one.answer = () => full;
    const { status, body } = await admin('POST', CALLS, call(from));
    one.answer = accept;
    expect(status).toBe(201);
    expect(other.asked.find(({ call_id }) => call_id === body.call_id)!.attempts).toMatchObject([
      { bridge_id: 'bridge-2', trunk_id: second.body.id },
    ]);
    expect(await outbound.rowOf(body.call_id)).toMatchObject({ state: 'accepted', bridge_id: 'bridge-2' });
  });

  it('waits a moment for a bridge whose agent connects again', async () => {
    const { id, admin } = await outbound.organization();
    await outbound.mesh.operator('PATCH', `/api/v1/organizations/${id}`, { bridge_pools: ['default', 'late'] });
    const gone = await outbound.bridge('bridge-9', 'late');
    const trunk = { name: 'Late', gateway: 'sip.example.com', register: false, bridge_pool: 'late' };
    const { body: late } = await admin('POST', '/api/v1/sip-trunks', trunk);
    const from = '+15556999001';
    const number = { phone_number: from, sip_trunk_id: late.id, assistant: { id: 7 } };
    await admin('POST', '/api/v1/phone-numbers', number);
    await outbound.planned(admin, from, 2);
    gone.stop();
    await outbound.nc.flush();
    const placing = admin('POST', CALLS, call(from, { sip_trunk_id: late.id }));
    const { record } = outbound.mesh.service.parts;
    await eventually(
      async () => (await record.query('select 1 from outbound_calls where trunk_id = $1', [late.id])).length > 0,
    );
    const back = await outbound.bridge('bridge-9', 'late');
    expect((await placing).status).toBe(201);
    expect(back.asked).toHaveLength(1);
  });

  it('is refused where no bridge takes the call: 503 and an event', async () => {
    const { id, admin, from } = await outbound.organization();
    one.answer = () => full;
    const { status, headers, body } = await admin('POST', CALLS, call(from));
    one.answer = accept;
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'no-bridge' } });
    expect(headers.get('Retry-After')).toBe('5');
    expect(await eventually(async () => (await outbound.eventsOf(id, body.call_id))[0])).toMatchObject({
      type: 'CallRefused',
      data: { reason: 'no-bridge', to: CALLED, caller_id: from },
    });
    expect(await outbound.rowOf(body.call_id)).toMatchObject({ state: 'refused', bridge_id: null, look_at: null });
    expect(reportsOf(body.call_id)).toEqual([]);
  });

  it('asks a bridge that did not answer again, by the same id, and no other one', async () => {
    const { id, admin, from } = await outbound.organization();
    one.answer = () => undefined;
    const { status, body } = await admin('POST', CALLS, call(from));
    expect(status).toBe(201);
    expect(await outbound.rowOf(body.call_id)).toMatchObject({ state: 'requested', bridge_id: 'bridge-1' });
    one.answer = accept;
    await outbound.due(body.call_id);
    await eventually(async () => (await outbound.rowOf(body.call_id))?.state === 'accepted');
    expect(one.asked.filter(({ call_id }) => call_id === body.call_id).length).toBeGreaterThanOrEqual(2);
    expect(await outbound.eventsOf(id, body.call_id)).toEqual([]);
  }, 20_000);

  it('ends once with an event where the bridge says too late that it never had the call', async () => {
    const { id, admin, from } = await outbound.organization();
    one.answer = () => undefined;
    const { body } = await admin('POST', CALLS, call(from));
    one.answer = accept;
    await outbound.mesh.service.parts.record.query(
      `update outbound_calls set look_at = now(), dial_until = now() where call_id = $1`,
      [body.call_id],
    );
    await eventually(async () => (await outbound.rowOf(body.call_id))?.state === 'refused');
    expect(await eventually(async () => (await outbound.eventsOf(id, body.call_id))[0])).toMatchObject({
      data: { reason: 'no-bridge' },
    });
    expect(await outbound.eventsOf(id, body.call_id)).toHaveLength(1);
  }, 20_000);

  it('has its statuses delivered by one bridge, where it ends after the answer 201', async () => {
    const { admin, from } = await outbound.organization();
    const query = (text: string, values: unknown[]) => outbound.mesh.service.parts.record.query(text, values);
    one.answer = () => undefined;
    one.onRefused = other.onRefused = () => undefined;
    const { body } = await admin('POST', CALLS, call(from));
    one.answer = accept;
    await query('update outbound_calls set look_at = now(), dial_until = now() where call_id = $1', [body.call_id]);
    await eventually(() => reportsOf(body.call_id).length === 1);
    // Its answer was lost: the same bridge is asked again, and no other one.
    one.onRefused = other.onRefused = () => ({ outcome: 'accepted' });
    await eventually(async () => {
      await query('update outbound_refusals set report_at = now() where call_id = $1 and report_at > now()', [
        body.call_id,
      ]);
      return reportsOf(body.call_id).length === 2;
    });
    expect(new Set(reportsOf(body.call_id).map(({ bridge }) => bridge)).size).toBe(1);
    const left = 'select call_id from outbound_refusals where call_id = $1 and report_at is not null';
    await eventually(async () => (await query(left, [body.call_id])).length === 0);
  }, 20_000);
});

describe('a process that is killed', () => {
  it('between the row and the hand-over leaves the call to the sweeper of another', async () => {
    const { admin, from } = await outbound.organization();
    const { body } = await admin('POST', CALLS, call(from));
    // As if the process had died before it asked a bridge.
    const request = one.asked.find(({ call_id }) => call_id === body.call_id)!;
    const left = { ...request, call_id: randomUUID() };
    await outbound.mesh.service.parts.record.query(
      `insert into outbound_calls (call_id, organization_id, to_number, trunk_id, state, request, requested_at,
         dial_until, look_at)
       values ($1, $2, $3, $4, 'requested', $5::jsonb, $6, $7, now())`,
      [
        left.call_id,
        left.organization_id,
        left.to,
        left.attempts[0]!.trunk_id,
        JSON.stringify(left),
        left.requested_at,
        left.dial_until,
      ],
    );
    const second = await outbound.mesh.another();
    await eventually(async () => (await outbound.rowOf(left.call_id))?.state === 'accepted');
    await second.stop();
    expect(one.asked.filter(({ call_id }) => call_id === left.call_id)).toHaveLength(1);
  });
});

describe('a call whose bridge is gone', () => {
  /** Accepted by a bridge that then never reports anything. */
  const left = async (bridge: string, dialledUntil: string) => {
    const { id, admin, from } = await outbound.organization();
    const { body } = await admin('POST', CALLS, call(from));
    await outbound.mesh.service.parts.record.query(
      'update outbound_calls set bridge_id = $2, dial_until = now() - $3::interval where call_id = $1',
      [body.call_id, bridge, dialledUntil],
    );
    return { id, callId: body.call_id as string };
  };

  it('is ended by another bridge, which dials nothing', async () => {
    await outbound.bridge('bridge-9', 'gone');
    await outbound.mesh.operator('POST', '/api/v1/bridges/bridge-9/retire');
    one.answer = () => ({ outcome: 'accepted' });
    const young = await left('bridge-9', '10 minutes');
    const known = await left('bridge-1', '2 days');
    const gone = await left('bridge-9', '16 minutes');
    const closing = await eventually(
      () => one.asked.find(({ call_id, continued }) => call_id === gone.callId && continued),
      {
        timeoutMs: 15_000,
      },
    );
    one.answer = accept;
    expect(closing).toMatchObject({
      dial_until: closing.requested_at,
      continued: { from_bridge: 'bridge-9', after: 0, closes: true, statuses: 3 },
    });
    await outbound.publish(endOf(gone.id, gone.callId));
    await eventually(async () => (await outbound.rowOf(gone.callId))?.state === 'ended');
    expect(one.asked.filter(({ call_id, continued }) => call_id !== gone.callId && continued)).toEqual([]);
    expect((await outbound.rowOf(young.callId))?.state).toBe('accepted');
    expect((await outbound.rowOf(known.callId))?.state).toBe('accepted');
  }, 30_000);
});

/** Both end a call that has no event yet, too. */
const ENDING: [string, string][] = [
  ['DELETE', ''],
  ['POST', '/hangup'],
];

describe('DELETE /api/v1/calls/{call_sid}', () => {
  it.each(ENDING)('hangs up at the bridge that has the call, and ends nothing twice: %s', async (method, end) => {
    const { id, publisher, from } = await outbound.organization();
    const { body } = await publisher('POST', CALLS, call(from));
    expect(await publisher(method, `${CALLS}/${body.call_sid}${end}`)).toMatchObject({
      status: 202,
      body: { call_sid: body.call_sid, status: 'ending' },
    });
    expect(one.hungUp).toContain(body.call_id);
    await outbound.publish(endOf(id, body.call_id));
    await eventually(async () => (await outbound.rowOf(body.call_id))?.state === 'ended');
    expect(await outbound.rowOf(body.call_id)).toMatchObject({ billable_ms: '4000', look_at: null });
    expect(await publisher(method, `${CALLS}/${body.call_sid}${end}`)).toMatchObject({
      status: 409,
      body: { code: 'call-ended' },
    });
  });

  it.each(ENDING)("finds no call of another organisation, and takes no member's key: %s", async (method, end) => {
    const mine = await outbound.organization();
    const theirs = await outbound.organization();
    const { body } = await theirs.admin('POST', CALLS, call(theirs.from));
    expect(await mine.admin(method, `${CALLS}/${body.call_sid}${end}`)).toMatchObject({ status: 404 });
    expect(await mine.admin(method, `${CALLS}/nonsense${end}`)).toMatchObject({ status: 404 });
    expect((await theirs.member(method, `${CALLS}/${body.call_sid}${end}`)).status).toBe(403);
    expect(one.hungUp).not.toContain(body.call_id);
  });

  it('repeats a hang-up that the bridge did not answer', async () => {
    const { admin, from } = await outbound.organization();
    const { body } = await admin('POST', CALLS, call(from));
    const { onHangup } = one;
    one.onHangup = () => undefined;
    expect((await admin('DELETE', `${CALLS}/${body.call_sid}`)).status).toBe(202);
    one.onHangup = onHangup;
    await outbound.due(body.call_id);
    await eventually(async () => (await outbound.rowOf(body.call_id))?.look_at === null);
    expect(one.hungUp.filter((callId) => callId === body.call_id).length).toBeGreaterThanOrEqual(2);
  }, 20_000);

  /** The call is canceled while the bridge is asked for it; then the bridge answers so. */
  const canceledMeanwhile = async (answer: FakeBridge['answer']) => {
    const made = await outbound.organization();
    let release = () => undefined as void;
    const released = new Promise<void>((resolve) => (release = resolve));
    one.answer = (request) => released.then(() => answer(request));
    const placing = made.admin('POST', CALLS, call(made.from));
    const callId = await eventually(() => one.asked.find((request) => request.from === made.from)?.call_id);
    expect((await made.admin('DELETE', `${CALLS}/${callId}`)).status).toBe(202);
    expect(one.canceledAhead).toContain(callId);
    const askedToEnd = one.hungUp.length;
    release();
    one.answer = accept;
    expect((await placing).status).toBe(201);
    return { ...made, callId, hungUp: one.hungUp.slice(askedToEnd) };
  };

  it('of a call that a bridge is asked for ends it with the answer', async () => {
    const { callId, hungUp } = await canceledMeanwhile(accept);
    expect(hungUp).toContain(callId);
  });

  it.each([
    ['was told of it first', 'canceled'],
    ['does not take it for another reason', 'bridge-full'],
  ] as const)('of a call whose bridge %s ends it once, as canceled', async (_what, code) => {
    const { id, callId } = await canceledMeanwhile(() => ({ outcome: 'refused', code, message: 'No.' }));
    await eventually(async () => (await outbound.rowOf(callId))?.state === 'refused');
    expect(await eventually(() => reportsOf(callId)[0])).toMatchObject({ reason: 'canceled' });
    expect(await outbound.eventsOf(id, callId)).toMatchObject([{ type: 'CallRefused', data: { reason: 'canceled' } }]);
    expect(one.asked.filter(({ call_id }) => call_id === callId)).toHaveLength(1);
    expect(other.asked.filter(({ call_id }) => call_id === callId)).toEqual([]);
  });

  it('of a call that no bridge was asked for ends it with an event, and none is asked', async () => {
    const { id, admin, from } = await outbound.organization();
    const { body } = await admin('POST', CALLS, call(from));
    const request = one.asked.find(({ call_id }) => call_id === body.call_id)!;
    const left = { ...request, call_id: randomUUID() };
    await outbound.mesh.service.parts.record.query(
      `insert into outbound_calls (call_id, organization_id, to_number, trunk_id, state, request, requested_at,
         dial_until, look_at)
       values ($1, $2, $3, $4, 'requested', $5::jsonb, $6, $7, now() + interval '15 seconds')`,
      [left.call_id, id, left.to, left.attempts[0]!.trunk_id, JSON.stringify(left), left.requested_at, left.dial_until],
    );
    expect((await admin('DELETE', `${CALLS}/${left.call_id}`)).status).toBe(202);
    expect(await eventually(async () => (await outbound.eventsOf(id, left.call_id))[0])).toMatchObject({
      type: 'CallRefused',
      data: { reason: 'canceled' },
    });
    expect(one.asked.filter(({ call_id }) => call_id === left.call_id)).toEqual([]);
    expect(await eventually(() => reportsOf(left.call_id)[0])).toMatchObject({ reason: 'canceled' });
    expect((await admin('DELETE', `${CALLS}/${left.call_id}`)).status).toBe(409);
  });
});
