import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { outboundRequest } from '@trunkmesh/contracts/outbound.js';
import { explainRequest } from '@trunkmesh/contracts/routing.js';
import { addressSubject, ROUTING_EXPLAIN, ROUTING_OUTBOUND, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { explainInbound } from '@trunkmesh/routing/explain-inbound.js';
import { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import { planOutbound } from '@trunkmesh/routing/plan-outbound.js';
import { applyEvent } from '@trunkmesh/routing/route-events.js';
import { createRouteIndex } from '@trunkmesh/routing/route-index.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

const EXPLAIN = '/api/v1/routes/explain';
/** An address that several organisations use in these tests, each with evidence. */
const PBX = '198.51.100.7';
let mesh: Mesh;
let nc: NatsConnection;
const index = createRouteIndex();
let followed: ReturnType<typeof follow>;

/** The routing rules on the events of the log, as routing-service answers with them. */
function answer(connection: NatsConnection): void {
  connection.subscribe(ROUTING_OUTBOUND, {
    callback: (_error, message) => {
      const plan = planOutbound(index, new GatewayStates(), outboundRequest.parse(message.json()));
      message.respond(JSON.stringify(plan));
    },
  });
  connection.subscribe(ROUTING_EXPLAIN, {
    callback: (_error, message) => {
      const request = explainRequest.parse(message.json());
      message.respond(JSON.stringify(explainInbound(index, request, request.organization_id)));
    },
  });
}

beforeAll(async () => {
  mesh = await startMesh();
  const logger = createLogger('test', { level: 'silent' });
  nc = await connectNats(mesh.nats.url, { name: 'routing', logger });
  followed = follow(nc, {
    stream: TRUNKMESH_STREAM,
    filter: 'trunkmesh.org.>',
    from: 'last-per-subject',
    logger,
    onEvent: (event, { subject }) => {
      applyEvent(index, subject, event);
    },
    onCaughtUp: () => undefined,
  });
}, 60_000);
afterAll(async () => {
  await followed?.stop();
  await nc?.close();
  await mesh?.stop();
});

let last = 8_000_000;
let lastAddress = 10;
/** Each has an address of its own unless the test is about one that several use. */
async function organization(address = `198.51.100.${++lastAddress}`) {
  const made = await mesh.organization();
  const trunk = (await made.admin('POST', '/api/v1/sip-trunks', { name: 'PBX', gateway: address, register: false }))
    .body;
  const number = (
    await made.admin('POST', '/api/v1/phone-numbers', {
      phone_number: `+1555${++last}`,
      sip_trunk_id: trunk.id,
      assistant_id: 5,
    })
  ).body;
  return { ...made, trunk, number, address };
}
const invite = (called: string, via: string) =>
  `INVITE sip:9228@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP ${via}:5060\r\nFrom: ` +
  `<sip:+15551112222@${via}>;tag=1\r\nTo: <sip:9228@192.0.2.1>\r\nDiversion: <sip:${called}@${via}>\r\n\r\n`;

describe('the explanation of a route', () => {
  it('is refused while nobody answers for routing', async () => {
    const { admin } = await mesh.organization();
    expect(await admin('POST', EXPLAIN, invite('+15551230000', PBX), { 'Content-Type': 'text/plain' })).toMatchObject({
      status: 503,
      body: { code: 'routing-unavailable' },
    });
    answer(nc);
  });

  it('tells for a pasted INVITE what is decided and why', async () => {
    const { member, number, trunk, address } = await organization();
    const { body } = await eventually(async () => {
      const answered = await member('POST', EXPLAIN, invite(number.phone_number, address), {
        'Content-Type': 'text/plain',
      });
      return answered.body.decision?.outcome === 'route' ? answered : undefined;
    });
    expect(body).toMatchObject({
      decision: {
        outcome: 'route',
        number: number.phone_number,
        number_id: number.id,
        trunk_id: trunk.id,
        decided_by: 'Diversion',
        target: { kind: 'assistant', id: 5 },
        caller: '+15551112222',
      },
      explanation: {
        source_address: address,
        candidates: [{ trunk_id: trunk.id }],
        steps: expect.arrayContaining([
          expect.objectContaining({ source: 'Diversion', number: number.phone_number, verdict: 'decided' }),
        ]),
        summary: expect.any(String),
      },
      assumptions: [`that it comes from ${address}, as its topmost Via says`],
    });
  });

  it('knows the caller by the identity that the carrier asserts, as a call does', async () => {
    const { admin, trunk, address } = await organization();
    const { phone_number: called } = (
      await admin('POST', '/api/v1/phone-numbers', {
        phone_number: `+1555${++last}`,
        sip_trunk_id: trunk.id,
        assistant_id: 5,
        allowed_country_codes: ['US'],
      })
    ).body;
    const asks = async (...lines: string[]) => {
      const text = invite(called, address)
        .replace('From: <sip:+15551112222', 'From: <sip:anonymous')
        .replace('\r\n\r\n', ['', ...lines, '', ''].join('\r\n'));
      return (await admin('POST', EXPLAIN, text, { 'Content-Type': 'text/plain' })).body.decision;
    };
    await eventually(async () => (await asks())?.reason === 'caller-country-not-allowed');
    expect(await asks('P-Asserted-Identity: <sip:+12015550123@carrier.example.com>', 'Privacy: id')).toMatchObject({
      outcome: 'route',
      caller: '+12015550123',
    });
    expect(await asks('P-Asserted-Identity: <sip:+442071838750@carrier.example.com>')).toMatchObject({
      outcome: 'refuse',
      reason: 'caller-country-not-allowed',
      sip_status: 403,
    });
  });

  it('takes fields in a query, and in a body', async () => {
    const { admin, number, address } = await organization();
    const path =
      `${EXPLAIN}?source_address=${address}&request_uri=sip:9228@h` + `&to=${number.phone_number}&from=+15551112222`;
    await eventually(async () => (await admin('GET', path)).body.decision?.decided_by === 'To');
    expect(
      (
        await admin(
          'GET',
          `${EXPLAIN}?source_address=${address}&to=9228&x-original-to=${encodeURIComponent(number.phone_number)}`,
        )
      ).body.decision,
    ).toMatchObject({ outcome: 'route', decided_by: 'X-Original-To' });
    expect(
      (
        await admin('POST', EXPLAIN, {
          source_address: address,
          to: '9228',
          headers: { Diversion: `<sip:${number.phone_number}@h>` },
        })
      ).body.decision,
    ).toMatchObject({ decided_by: 'Diversion' });
    expect(
      (
        await admin('POST', `${EXPLAIN}?source_address=203.0.113.1`, invite(number.phone_number, address), {
          'Content-Type': 'text/plain',
        })
      ).body.decision,
    ).toMatchObject({ outcome: 'refuse', reason: 'unknown-source', sip_status: 403 });
  });

  it('supposes a trunk where the address is not known', async () => {
    const { admin, number, trunk } = await organization();
    const named = (
      await admin('POST', '/api/v1/sip-trunks', { name: 'Named', gateway: 'sip.example.com', register: false })
    ).body;
    const ask = () => admin('POST', EXPLAIN, { trunk_id: named.id, to: number.phone_number });
    await eventually(async () => (await ask()).body.decision?.outcome === 'route');
    expect((await ask()).body).toMatchObject({
      explanation: { candidates: [{ trunk_id: named.id, matched_by: 'resolved-host' }] },
      assumptions: ['that it comes from the carrier of the trunk "Named"'],
    });
    const other = await organization();
    expect((await other.admin('POST', EXPLAIN, { trunk_id: trunk.id, to: '1' })).status).toBe(404);
    expect((await admin('POST', EXPLAIN, { to: '1' })).body).toMatchObject({
      status: 400,
      errors: [{ pointer: '/source_address' }],
    });
  });

  it("is no oracle: another organisation's number looks like nobody's, though both have the same carrier", async () => {
    const [mine, theirs] = [await organization(PBX), await organization(PBX)];
    for (const { id } of [mine, theirs]) applyEvent(index, addressSubject(id, `${PBX}/32`), { data: { state: {} } });
    await eventually(
      async () =>
        (
          await theirs.admin(
            'GET',
            `${EXPLAIN}?source_address=${PBX}&to=${encodeURIComponent(theirs.number.phone_number)}`,
          )
        ).body.decision?.outcome === 'route',
    );
    const ask = async (called: string) =>
      (await mine.admin('POST', EXPLAIN, { source_address: PBX, request_uri: 'sip:9228@h', to: called })).body;
    const [foreign, nobodys] = [await ask(theirs.number.phone_number), await ask('+15559990000')];
    const blur = (text: unknown, number: string) => JSON.stringify(text).replaceAll(number, 'N');
    expect(blur(foreign, theirs.number.phone_number)).toBe(blur(nobodys, '+15559990000'));
    expect(JSON.stringify(foreign)).not.toContain(theirs.id);
    const all = await mesh.operator('POST', EXPLAIN, { source_address: PBX, to: theirs.number.phone_number });
    expect(all.body.decision).toMatchObject({ outcome: 'route', organization_id: theirs.id });
  });

  it.each([
    ['text that is no INVITE', 'hello', '/invite'],
    ['an endless paste', `INVITE sip:a@b SIP/2.0\n${'X: y\n'.repeat(20_000)}`, '/invite'],
  ])('refuses %s with its place', async (_what, text, pointer) => {
    const { admin } = await mesh.organization();
    expect(await admin('POST', EXPLAIN, text, { 'Content-Type': 'text/plain' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    });
  });
});

describe('the plan of an outbound call', () => {
  const CALLED = '+15551239999';
  const outbound = (from: string, more: object = {}) => ({
    direction: 'outbound',
    from_phone_number: from,
    to_phone_number: CALLED,
    ...more,
  });

  it('names the trunks in their order, without a call', async () => {
    const { admin, trunk, number } = await organization();
    const second = (
      await admin('POST', '/api/v1/sip-trunks', { name: 'Second', gateway: 'sip.example.com', register: false })
    ).body;
    const ask = async (more?: object) => (await admin('POST', EXPLAIN, outbound(number.phone_number, more))).body;
    await eventually(async () => (await ask()).decision?.attempts?.length === 2);
    expect(await ask()).toMatchObject({
      decision: {
        outcome: 'call',
        from: number.phone_number,
        to: CALLED,
        country: 'US',
        target: { kind: 'assistant', id: 5 },
        attempts: [
          { trunk_id: trunk.id, chosen_by: 'number-trunk', dialled: CALLED },
          { trunk_id: second.id, chosen_by: 'priority' },
        ],
      },
      explanation: { checks: expect.arrayContaining([{ check: 'country', passed: true, detail: expect.any(String) }]) },
    });
    expect((await ask({ sip_trunk_id: second.id })).decision.attempts).toEqual([
      expect.objectContaining({ trunk_id: second.id, chosen_by: 'request' }),
    ]);
    expect(await ask({ to_phone_number: '911' })).toMatchObject({
      decision: { outcome: 'refuse', reason: 'emergency-number' },
      explanation: { checks: expect.arrayContaining([expect.objectContaining({ passed: false })]) },
    });
  });

  it("follows the organisation's settings", async () => {
    const { admin, id, trunk, number } = await organization();
    const path = `/api/v1/organizations/${id}`;
    expect((await admin('GET', path)).body).toMatchObject({
      outbound_failover: 'any_trunk',
      outbound_special_numbers: [],
    });
    await admin('POST', '/api/v1/sip-trunks', { name: 'Second', gateway: 'sip.example.com', register: false });
    const satellite = outbound(number.phone_number, { to_phone_number: '+870773000000' });
    await eventually(async () => (await admin('POST', EXPLAIN, satellite)).body.decision?.reason === 'special-number');
    const settings = {
      outbound_failover: 'number_trunk_only',
      outbound_special_numbers: ['satellite', 'premium-rate', 'satellite'],
    };
    expect(await admin('PATCH', path, settings)).toMatchObject({
      status: 200,
      body: { outbound_failover: 'number_trunk_only', outbound_special_numbers: ['premium-rate', 'satellite'] },
    });
    await eventually(async () => (await admin('POST', EXPLAIN, satellite)).body.decision?.outcome === 'call');
    expect((await admin('POST', EXPLAIN, satellite)).body.decision.attempts).toEqual([
      expect.objectContaining({ trunk_id: trunk.id }),
    ]);
    expect(await admin('PATCH', path, { outbound_special_numbers: ['lunar'] })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/outbound_special_numbers/0' }] },
    });
  });

  it("knows nothing of another organisation's numbers and trunks", async () => {
    const [mine, theirs] = [await organization(), await organization()];
    const known = async () => (await theirs.admin('POST', EXPLAIN, outbound(theirs.number.phone_number))).body;
    await eventually(async () => (await known()).decision?.outcome === 'call');
    const ask = async (body: object) => (await mine.admin('POST', EXPLAIN, body)).body.decision;
    await eventually(async () => (await ask(outbound(mine.number.phone_number)))?.outcome === 'call');
    expect(await ask(outbound(theirs.number.phone_number))).toMatchObject({ reason: 'unknown-number' });
    expect(await ask(outbound(mine.number.phone_number, { sip_trunk_id: theirs.trunk.id }))).toMatchObject({
      reason: 'unknown-trunk',
    });
    expect(await ask(outbound(mine.number.phone_number, { caller_id: theirs.number.phone_number }))).toMatchObject({
      reason: 'caller-id-not-allowed',
    });
  });

  it.each([
    [{ direction: 'outbound' }, '/from_phone_number'],
    [{ direction: 'sideways', from_phone_number: '+15550100000', to_phone_number: '1' }, '/direction'],
  ])('refuses %j with its place', async (body, pointer) => {
    const { admin } = await mesh.organization();
    expect((await admin('POST', EXPLAIN, body)).body).toMatchObject({
      status: 400,
      errors: expect.arrayContaining([expect.objectContaining({ pointer })]),
    });
  });
});
