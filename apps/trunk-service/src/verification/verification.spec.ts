import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { VerificationCall } from '@trunkmesh/contracts/address.js';
import { ADDRESS_VERIFY } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { ONE_REQUEST } from '../trunk-service.fixture.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

const PBX = '203.0.113.20';
let mesh: Mesh;
let nc: NatsConnection;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'agent', logger: createLogger('test', { level: 'silent' }) });
  await eventually(async () => (await ask({ code: '77' + '0'.repeat(14) })).reason === 'unknown-code');
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

/** As a bridge asks. */
async function ask(over: Partial<VerificationCall>) {
  const call: VerificationCall = {
    phase: 'arrived',
    code: '7712345678901234',
    call_id: randomUUID(),
    bridge_id: 'b1',
    pool: 'default',
    source_address: PBX,
    source_port: 5060,
    transport: 'udp',
    request_uri_user: over.code ?? '',
    to_user: over.code ?? '',
    from_user: '100',
    at: new Date().toISOString(),
    ...over,
  };
  return (await nc.request(ADDRESS_VERIFY, JSON.stringify(call), { timeout: 5_000 })).json<{
    outcome: string;
    reason?: string;
    message?: string;
  }>();
}

type Organization = Awaited<ReturnType<Mesh['organization']>>;
async function pbx(over: object = {}) {
  const organization = await mesh.organization();
  const { body: trunk } = await organization.admin('POST', '/api/v1/sip-trunks', {
    name: 'PBX',
    gateway: 'sip.example.com',
    register: false,
    inbound_addresses: [PBX],
    ...over,
  });
  const path = `/api/v1/sip-trunks/${trunk.id}/verify-address`;
  return {
    organization,
    trunk,
    path,
    open: async (body?: object) => (await organization.admin('POST', path, body)).body,
    report: async () => (await organization.member('GET', path)).body,
  };
}
const evidenceOf = async ({ id }: Organization) =>
  (await mesh.operator('GET', `/api/v1/addresses?organization_id=${id}`)).body;

describe('a verification call', () => {
  it('proves the address that it comes from, once, and the report tells each step', async () => {
    const { organization, trunk, open, report, path } = await pbx();
    expect(await organization.member('GET', path)).toMatchObject({
      status: 404,
      body: { code: 'verification-not-found' },
    });
    const { code, instructions, networks } = await open();
    expect(code).toMatch(/^77\d{14}$/);
    expect(networks).toEqual([`${PBX}/32`]);
    expect(instructions[0]).toContain(code);
    expect(await report()).toMatchObject({
      status: 'waiting',
      arrivals: [],
      next: expect.stringContaining('Dial the code'),
    });
    const call_id = randomUUID();
    expect(await ask({ code, call_id })).toEqual({ outcome: 'accepted' });
    expect(await report()).toMatchObject({
      status: 'answered',
      arrivals: [
        {
          source_address: PBX,
          source_port: 5060,
          transport: 'udp',
          request_uri_user: 'the code',
          to_user: 'the code',
          from_user: '100',
          claimed: true,
          outcome: 'accepted',
        },
      ],
    });
    expect(await evidenceOf(organization)).toEqual([]);
    expect(await ask({ code, call_id, phase: 'confirmed' })).toEqual({ outcome: 'accepted' });
    expect(await ask({ code, call_id, phase: 'confirmed' })).toEqual({ outcome: 'accepted' });
    expect(await evidenceOf(organization)).toMatchObject([
      { network: `${PBX}/32`, evidence: { by: 'verification-call', trunk_id: trunk.id, call_id } },
    ]);
    expect(await report()).toMatchObject({ status: 'confirmed', next: expect.stringContaining(PBX) });
    expect(await ask({ code })).toMatchObject({ outcome: 'refused', reason: 'code-used' });
    expect(JSON.stringify(await report())).not.toContain(code);
    const stored = await mesh.service.parts.record.query(
      'select c::text, a::text from verification_codes c left join verification_arrivals a on a.code_id = c.id',
    );
    expect(JSON.stringify(stored)).not.toContain(code);
  });

  it('with a code that nobody was given proves nothing while another one is open', async () => {
    const [mine, other] = [await pbx(), await pbx()];
    const { code } = await mine.open();
    await other.open();
    expect(await ask({ code: `77${String((Number(code.slice(2)) + 1) % 10 ** 14).padStart(14, '0')}` })).toMatchObject({
      outcome: 'refused',
      reason: 'unknown-code',
    });
    expect(await ask({ code })).toEqual({ outcome: 'accepted' });
  });

  it('makes a newcomer a candidate beside whoever was there, and tells that one', async () => {
    const [first, newcomer] = [
      await pbx({ inbound_addresses: ['203.0.113.77'] }),
      await pbx({ inbound_addresses: ['203.0.113.77'] }),
    ];
    for (const { open } of [first, newcomer]) {
      const { code } = await open();
      const call = { code, call_id: randomUUID(), source_address: '203.0.113.77' };
      await ask(call);
      await ask({ ...call, phase: 'confirmed' });
    }
    expect(
      (await newcomer.organization.member('GET', `/api/v1/sip-trunks/${newcomer.trunk.id}/addresses`)).body,
    ).toMatchObject([{ standing: 'shared', evidence: { by: 'verification-call' } }]);
    expect(
      (await first.organization.member('GET', `/api/v1/sip-trunks/${first.trunk.id}/addresses`)).body,
    ).toMatchObject([{ standing: 'shared' }]);
    expect((await evidenceOf(first.organization))[0].shared_since).not.toBeNull();
  });

  it.each<[string, Partial<VerificationCall>, string]>([
    ['from an address that the trunk does not list', { source_address: '198.51.100.1' }, 'address-not-claimed'],
    ['to a bridge of another pool', { pool: 'eu' }, 'address-not-claimed'],
    ['confirmed before it was answered', { phase: 'confirmed' }, 'unknown-code'],
  ])('%s is refused and reported with what to do', async (_what, over, reason) => {
    const { organization, open, report } = await pbx();
    const { code } = await open();
    expect(await ask({ code, ...over })).toMatchObject({ outcome: 'refused', reason });
    expect(await report()).toMatchObject({
      status: 'refused',
      arrivals: [{ outcome: reason, claimed: over.source_address === undefined }],
      next: expect.stringContaining('refused'),
    });
    expect(await evidenceOf(organization)).toEqual([]);
  });

  it('confirmed from another address than it was answered at proves nothing', async () => {
    const { organization, open } = await pbx({ inbound_addresses: [PBX, '198.51.100.1'] });
    const { code } = await open();
    const call_id = randomUUID();
    await ask({ code, call_id });
    expect(await ask({ code, call_id, phase: 'confirmed', source_address: '198.51.100.1' })).toMatchObject({
      reason: 'unknown-code',
    });
    expect(await evidenceOf(organization)).toEqual([]);
  });

  it('that ends before it is confirmed leaves the code as it was', async () => {
    const { open, report } = await pbx();
    const { code } = await open();
    const call_id = randomUUID();
    await ask({ code, call_id });
    await ask({ code, call_id, phase: 'abandoned' });
    expect(await report()).toMatchObject({ status: 'abandoned', next: expect.stringContaining('firewall') });
    expect(await ask({ code })).toEqual({ outcome: 'accepted' });
  });

  it("is refused after 15 minutes by PostgreSQL's clock; a call answered earlier can still confirm it", async () => {
    const { organization, open, report } = await pbx();
    const { code } = await open();
    const call_id = randomUUID();
    await ask({ code, call_id });
    await mesh.service.parts.record.query(
      `update verification_codes set expires_at = now() where organization_id = $1`,
      [organization.id],
    );
    expect(await ask({ code })).toMatchObject({ reason: 'code-expired' });
    expect((await report()).status).toBe('expired');
    expect(await ask({ code, call_id, phase: 'confirmed' })).toEqual({ outcome: 'accepted' });
    expect(await evidenceOf(organization)).toHaveLength(1);
  });

  it('of a trunk that is gone, or of an address that it lists no more, proves nothing', async () => {
    const { organization, trunk, open } = await pbx();
    const { code } = await open();
    const call_id = randomUUID();
    await ask({ code, call_id });
    await organization.admin('PATCH', `/api/v1/sip-trunks/${trunk.id}`, { inbound_addresses: [] });
    expect(await ask({ code, call_id, phase: 'confirmed' })).toMatchObject({ reason: 'address-not-claimed' });
    await organization.admin('DELETE', `/api/v1/sip-trunks/${trunk.id}`);
    expect(await ask({ code })).toMatchObject({ reason: 'trunk-gone' });
    expect(await evidenceOf(organization)).toEqual([]);
  });

  it('whatever a bridge sends, is answered', async () => {
    for (const junk of ['', '{}', '[]', '"x"', '{"phase":"arrived"}', '\u0000'])
      expect((await nc.request(ADDRESS_VERIFY, junk, { timeout: 5_000 })).json()).toMatchObject({
        outcome: 'refused',
        reason: 'invalid-request',
      });
  });
});

describe('a code', () => {
  it('may be for one address, which the trunk must list', async () => {
    const { organization, path, open } = await pbx({ inbound_addresses: ['203.0.113.0/24'] });
    expect(await organization.admin('POST', path, { address: '198.51.100.1' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/address', detail: expect.stringContaining('inbound_addresses') }] },
    });
    expect(await organization.admin('POST', path, { address: 'pbx.example.com' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/address' }] },
    });
    const { code, address } = await open({ address: '203.0.113.9' });
    expect(address).toBe('203.0.113.9');
    expect(await ask({ code, source_address: '203.0.113.10' })).toMatchObject({ reason: 'address-not-claimed' });
    expect(await ask({ code, source_address: '203.0.113.9' })).toEqual({ outcome: 'accepted' });
  });

  it('is one of five that a trunk may have open, and is shown once', async () => {
    const { organization, path, open } = await pbx();
    const key = { 'Idempotency-Key': randomUUID() };
    expect((await organization.admin('POST', path, {}, key)).body.code).toMatch(/^77/);
    expect((await organization.admin('POST', path, {}, key)).body.code).toBeNull();
    for (let n = 0; n < 4; n += 1) await open();
    expect(await organization.admin('POST', path)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('expire') },
    });
  });

  it('is not given for a trunk without addresses', async () => {
    const { organization, path } = await pbx({ inbound_addresses: [] });
    expect(await organization.admin('POST', path)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('inbound_addresses') },
    });
  });

  it('is given to an admin of the organisation alone', async () => {
    const { organization, path } = await pbx();
    const other = await mesh.organization();
    for (const key of [organization.member, organization.publisher])
      expect(await key('POST', path)).toMatchObject({ status: 403 });
    expect(await other.admin('POST', path)).toMatchObject({ status: 404, body: { code: 'trunk-not-found' } });
    expect(await other.admin('GET', path)).toMatchObject({ status: 404, body: { code: 'trunk-not-found' } });
  });
});

it('is followed live as server-sent events, to its end', async () => {
  const { trunk, open, path } = await pbx();
  const { code } = await open();
  const headers = {
    ...ONE_REQUEST,
    Authorization: `Bearer ${mesh.config.BOOTSTRAP_KEY}`,
    'X-Organization-Id': trunk.organization_id,
    Accept: 'text/event-stream',
  };
  const response = await fetch(mesh.service.url + path, { headers });
  expect(response.headers.get('Content-Type')).toContain('text/event-stream');
  const text = response.text();
  const call_id = randomUUID();
  await ask({ code, call_id });
  await ask({ code, call_id, phase: 'confirmed' });
  const events = (await text)
    .split('\n\n')
    .filter((event) => event.startsWith('event: report'))
    .map((event) => JSON.parse(event.split('\ndata: ')[1]!) as { status: string });
  expect(events[events.length - 1]).toMatchObject({
    status: 'confirmed',
    arrivals: [{ phase: 'arrived' }, { phase: 'confirmed' }],
  });
});
