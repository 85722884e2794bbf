import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { callSubject, refusedSubject } from '@trunkmesh/contracts/subjects.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { callId, callStarted } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { ONE_REQUEST } from '../trunk-service.fixture.js';
import { startMesh, type Api, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let nc: NatsConnection;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'agents', logger: createLogger('test', { level: 'silent' }) });
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

let last = 0;
/** An organisation with a trunk by address and a number. `address` undefined: one of its own. */
async function customer({ address, username = null }: { address?: string; username?: string | null } = {}) {
  const made = await mesh.organization();
  last += 1;
  const gateway = address ?? `198.51.100.${last}`;
  const trunk = (await made.admin('POST', '/api/v1/sip-trunks', { name: 'PBX', gateway, username, register: false }))
    .body;
  const number = `+1555010${String(last).padStart(4, '0')}`;
  await made.admin('POST', '/api/v1/phone-numbers', { phone_number: number, sip_trunk_id: trunk.id, assistant_id: 5 });
  const path = `/api/v1/sip-trunks/${trunk.id}/expect-call`;
  return { ...made, trunk, number, gateway, path };
}
type Customer = Awaited<ReturnType<typeof customer>>;

async function refused(row: Partial<CallsRefused['data']>): Promise<void> {
  const at = new Date().toISOString();
  const data: CallsRefused['data'] = {
    bridge_id: 'bridge-1',
    minute: `${at.slice(0, 17)}00.000Z`,
    source_address: '203.0.113.9',
    called: '9228',
    reason: 'source-not-allowed',
    sip_status: 403,
    numbers: [],
    detail: null,
    count: 1,
    first_at: at,
    last_at: at,
    ...row,
  };
  const event = {
    specversion: '1.0',
    id: randomUUID(),
    source: 'test',
    type: 'CallsRefused',
    subject: refusedSubject(data.bridge_id),
    time: at,
    datacontenttype: 'application/json',
    data,
  };
  await jetstream(nc).publish(event.subject, JSON.stringify(event));
}

async function accepted(of: Customer, n: number): Promise<void> {
  const event = callStarted(n);
  const subject = callSubject(of.id, callId(n));
  const data = { ...event.data, organization_id: of.id, trunk_id: of.trunk.id, started_at: new Date().toISOString() };
  await jetstream(nc).publish(subject, JSON.stringify({ ...event, subject, data }));
}

const calls = async (api: Api, path: string) => (await api('GET', path)).body.calls;
const untilShown = (api: Api, path: string, count = 1) =>
  eventually(
    async () => {
      const shown = await calls(api, path);
      return shown.length === count && shown;
    },
    { timeoutMs: 15_000, message: `${count} calls` },
  );

describe('waiting for a call', () => {
  it('says what to dial and until when', async () => {
    const { admin, member, number, path, trunk } = await customer();
    expect((await member('GET', path)).body).toMatchObject({ code: 'expected-call-not-found' });
    expect((await member('POST', path)).status).toBe(403);
    const { status, body } = await admin('POST', path);
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { trunk_id: trunk.id, dial: [number], echo: true, from: null, report_url: path },
    });
    expect(Date.parse(body.expires_at) - Date.parse(body.opened_at)).toBe(300_000);
    expect((await member('GET', path)).body).toMatchObject({ status: 'waiting', is_open: true, calls: [] });
    expect((await member('DELETE', path)).status).toBe(403);
    expect((await admin('DELETE', path)).status).toBe(204);
    expect((await member('GET', path)).body).toMatchObject({ status: 'over', is_open: false });
  });

  it('shows a refused call to its number, and one request adds its address', async () => {
    const { admin, member, number, path, trunk } = await customer();
    await admin('POST', path, { echo: false });
    await refused({ called: number, numbers: [number], source_address: '203.0.113.77' });
    const [call] = await untilShown(member, path);
    expect(call).toMatchObject({
      outcome: 'refused',
      known_by: 'called-number',
      source_address: '203.0.113.77',
      called: number,
      sip_status: 403,
      reason: 'source-not-allowed',
    });
    const { method, path: add, body } = call.add_address;
    const added = await admin(method, add, body);
    expect(added).toMatchObject({ status: 200, body: { inbound_addresses: ['203.0.113.77'] } });
    expect((await admin(method, add, body)).headers.get('ETag')).toBe(added.headers.get('ETag'));
    expect((await member('GET', path)).body.calls[0].add_address).toBeNull();
    expect((await admin('GET', `/api/v1/sip-trunks/${trunk.id}`)).body.inbound_addresses).toEqual(['203.0.113.77']);
  });

  it('shows a decided call, and nothing from before the waiting', async () => {
    const mine = await customer();
    await accepted(mine, 9_001);
    await mine.admin('POST', mine.path);
    await accepted(mine, 9_002);
    const [call] = await untilShown(mine.member, mine.path);
    expect(call).toMatchObject({ outcome: 'accepted', known_by: 'decision', trunk_id: mine.trunk.id });
    expect((await mine.member('GET', mine.path)).body.status).toBe('accepted');
  });

  it('streams what arrives', async () => {
    const mine = await customer();
    await mine.admin('POST', mine.path);
    const key = await mesh.operator('POST', '/api/v1/api-keys', {
      name: 'live',
      role: 'member',
      organization_id: mine.id,
    });
    const response = await fetch(`${mesh.service.url}${mine.path}`, {
      headers: { ...ONE_REQUEST, Accept: 'text/event-stream', Authorization: `Bearer ${key.body.key}` },
    });
    expect(response.headers.get('Content-Type')).toContain('text/event-stream');
    let text = '';
    const reading = (async () => {
      for await (const part of response.body!.pipeThrough(new TextDecoderStream())) text += part;
    })();
    await eventually(() => text.includes('"status":"waiting"'), { message: 'the first report' });
    await accepted(mine, 9_003);
    await eventually(() => text.includes('"status":"accepted"'), { message: 'the call' });
    await mine.admin('DELETE', mine.path);
    await reading;
    expect(text).toContain('"is_open":false');
  });
});

describe('nothing of another organisation is shown', () => {
  it("neither its decided calls nor refused ones to its numbers, not even from this trunk's address", async () => {
    const mine = await customer();
    const theirs = await customer({ username: 'front' });
    await mine.admin('POST', mine.path);
    await theirs.admin('POST', theirs.path);
    await accepted(theirs, 9_004);
    await refused({ called: theirs.number, numbers: [theirs.number], source_address: mine.gateway });
    await untilShown(theirs.member, theirs.path, 2);
    expect(await calls(mine.member, mine.path)).toEqual([]);
  });

  it("no call of nobody's number from an address that both claim, or that another one has proven", async () => {
    const mine = await customer();
    const theirs = await customer({ address: mine.gateway });
    const proven = await customer();
    const grant = { organization_id: theirs.id, network: proven.gateway };
    expect((await mesh.operator('POST', '/api/v1/addresses', grant)).status).toBe(201);
    const alone = await customer();
    for (const each of [mine, theirs, proven, alone]) await each.admin('POST', each.path);
    for (const { gateway } of [mine, proven, alone]) await refused({ source_address: gateway, called: '100' });
    expect(await untilShown(alone.member, alone.path)).toMatchObject([{ known_by: 'announced-address' }]);
    for (const each of [mine, theirs, proven]) expect(await calls(each.member, each.path)).toEqual([]);
  });

  it('no call by a user name that two organisations have, or from an address that another one claims', async () => {
    const [one, two] = [await customer({ username: 'pbx' }), await customer({ username: 'PBX' })];
    const alone = await customer({ username: 'only-here' });
    for (const each of [one, two, alone]) await each.admin('POST', each.path);
    await refused({ called: 'pbx' });
    await refused({ called: 'only-here', source_address: two.gateway });
    await refused({ called: 'only-here' });
    expect(await untilShown(alone.member, alone.path)).toMatchObject([
      { known_by: 'trunk-user', source_address: '203.0.113.9' },
    ]);
    expect(await calls(one.member, one.path)).toEqual([]);
    // Its own address, and no number of anybody's.
    expect(await calls(two.member, two.path)).toMatchObject([{ known_by: 'announced-address' }]);
  });

  it("its trunk's report, and its addresses cannot be changed", async () => {
    const [mine, theirs] = [await customer(), await customer()];
    await theirs.admin('POST', theirs.path);
    for (const [method, path, body] of [
      ['POST', theirs.path, undefined],
      ['GET', theirs.path, undefined],
      ['DELETE', theirs.path, undefined],
      ['POST', `/api/v1/sip-trunks/${theirs.trunk.id}/inbound-addresses`, { address: '203.0.113.1' }],
    ] as const)
      expect(await mine.admin(method, path, body)).toMatchObject({ status: 404, body: { code: 'trunk-not-found' } });
  });
});

describe('an address that is added', () => {
  it.each([
    ['nonsense', '/address'],
    ['10.0.0.1', '/inbound_addresses/0'],
    ['198.51.0.0/16', '/inbound_addresses/0'],
  ])('%s is refused as in a change of the trunk', async (address, pointer) => {
    const { admin, member, trunk } = await customer();
    const path = `/api/v1/sip-trunks/${trunk.id}/inbound-addresses`;
    expect(await admin('POST', path, { address })).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    expect((await member('POST', path, { address: '203.0.113.1' })).status).toBe(403);
  });
});
