import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';

const NUMBERS = '/api/v1/phone-numbers';
const CLAIMS = `${NUMBERS}/claims`;
const CARRIER = '198.51.100.10';
let mesh: Mesh;
let nc: NatsConnection;
beforeAll(async () => {
  mesh = await startMesh();
  nc = await connectNats(mesh.nats.url, { name: 'agents', logger: createLogger('test', { level: 'silent' }) });
  await mesh.operator('PUT', '/api/v1/carriers/example', { name: 'Example', networks: [`${CARRIER}/32`] });
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await mesh?.stop();
});

const SAMPLE = JSON.parse(
  readFileSync(new URL('../../../../libs/contracts/samples/CallRejected.json', import.meta.url), 'utf8'),
);
type Organization = Awaited<ReturnType<Mesh['organization']>>;
let last = 6_000_000;
/** The holder has the number, unproven; the claimant claims it and is served by the carrier, proven. */
async function dispute() {
  const [holder, claimant] = [await mesh.organization(), await mesh.organization()];
  const phone_number = `+1555${++last}`;
  const { body: number } = await holder.admin('POST', NUMBERS, {
    phone_number,
    friendly_name: 'Held',
    assistant_id: 3,
  });
  await claimant.admin('POST', '/api/v1/sip-trunks', { name: 'Carrier', gateway: CARRIER, register: false });
  await mesh.operator('POST', '/api/v1/addresses', { organization_id: claimant.id, network: CARRIER });
  return { holder, claimant, phone_number, number };
}
async function refusedCall(called: string, source_address = CARRIER, reason = 'unknown-number') {
  const call_id = randomUUID();
  const subject = callSubject('unknown', call_id);
  const data = {
    ...SAMPLE.data,
    call_id,
    organization_id: null,
    trunk_id: null,
    number_id: null,
    direction: 'inbound',
    reason,
    source_address,
    decision: null,
    invite: { request_uri_user: called, to_user: called, from_user: 'x', headers: [], truncated: false },
  };
  await jetstream(nc).publish(subject, JSON.stringify({ ...SAMPLE, subject, data }));
}
const numbersOf = async ({ member }: Organization) =>
  (await member('GET', NUMBERS)).body as { phone_number: string; proof?: { by: string } }[];

describe('a number that another organisation has', () => {
  it('is refused with how to claim it, and not whose it is; imports and sync say the same', async () => {
    const { holder, claimant, phone_number } = await dispute();
    const answers = [
      await claimant.admin('POST', NUMBERS, { phone_number }),
      await claimant.admin('POST', `${NUMBERS}/import`, [{ phone_number }]),
      await claimant.admin('POST', '/api/sync-organization?timeout_ms=0', { trunks: [], numbers: [{ phone_number }] }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([409, 422, 400]);
    for (const { body } of answers) {
      expect(JSON.stringify(body)).toContain('claim it: POST /api/v1/phone-numbers/claims');
      expect(JSON.stringify(body)).not.toContain(holder.id);
    }
  });

  it(
    "becomes the claimant's when a listed carrier delivers a call for it, and takes nothing of the holder's " +
      'settings along',
    async () => {
      const { holder, claimant, phone_number, number } = await dispute();
      const claim = await claimant.admin('POST', CLAIMS, { phone_number });
      expect(claim).toMatchObject({
        status: 202,
        body: { phone_number, expires_at: expect.any(String), instructions: expect.any(Array) },
      });
      expect((await claimant.member('GET', CLAIMS)).body).toMatchObject([{ phone_number }]);
      expect((await holder.member('GET', `${NUMBERS}/${number.id}`)).body).toMatchObject({
        claimed_until: claim.body.expires_at,
      });
      await refusedCall(phone_number);
      const [moved] = await eventually(async () => {
        const all = await numbersOf(claimant);
        return all.length > 0 ? all : undefined;
      });
      expect(moved).toMatchObject({ phone_number, proof: { by: 'call' }, friendly_name: null, assistant: null });
      expect(await numbersOf(holder)).toEqual([]);
      expect((await claimant.member('GET', CLAIMS)).body).toEqual([]);
    },
  );

  it.each<[string, (of: Awaited<ReturnType<typeof dispute>>) => Promise<unknown>]>([
    [
      "from an address that is no listed carrier's",
      async ({ claimant, phone_number }) => {
        await mesh.operator('POST', '/api/v1/addresses', { organization_id: claimant.id, network: '198.51.100.200' });
        await claimant.admin('POST', '/api/v1/sip-trunks', {
          name: 'Own PBX',
          gateway: '198.51.100.200',
          register: false,
        });
        await refusedCall(phone_number, '198.51.100.200');
      },
    ],
    [
      'from the carrier, where the claimant has no evidence',
      async ({ claimant, phone_number }) => {
        await mesh.operator('DELETE', `/api/v1/addresses?organization_id=${claimant.id}&network=${CARRIER}`);
        await refusedCall(phone_number);
      },
    ],
    [
      'from the carrier, which the holder lists as well',
      async ({ holder, phone_number }) => {
        await holder.admin('POST', '/api/v1/sip-trunks', { name: 'Carrier', gateway: CARRIER, register: false });
        await refusedCall(phone_number);
      },
    ],
    [
      'for a number that the holder has proven',
      async ({ holder, phone_number }) => {
        await mesh.operator('POST', `${NUMBERS}/${phone_number}/move`, { organization_id: holder.id });
        await refusedCall(phone_number);
      },
    ],
    [
      'that was refused for another reason',
      ({ phone_number }) => refusedCall(phone_number, CARRIER, 'inactive-number'),
    ],
    ['for another number', () => refusedCall('+15559990000')],
    [
      'after the claim was withdrawn',
      async ({ claimant, phone_number }) => {
        expect(await claimant.admin('DELETE', `${CLAIMS}/${phone_number}`)).toMatchObject({ status: 204 });
        await refusedCall(phone_number);
      },
    ],
    [
      'after the claim has run out',
      async ({ phone_number }) => {
        await mesh.service.parts.record.query('update number_claims set expires_at = now() where phone_number = $1', [
          phone_number,
        ]);
        await refusedCall(phone_number);
      },
    ],
  ])('stays where it is with a call %s', async (_what, attempt) => {
    const all = await dispute();
    await all.claimant.admin('POST', CLAIMS, { phone_number: all.phone_number });
    await attempt(all);
    // A later call that does move its number shows that the earlier one was read.
    const witness = await dispute();
    await witness.claimant.admin('POST', CLAIMS, { phone_number: witness.phone_number });
    await refusedCall(witness.phone_number);
    await eventually(async () => (await numbersOf(witness.claimant)).length === 1);
    expect(await numbersOf(all.holder)).toHaveLength(1);
    expect(await numbersOf(all.claimant)).toEqual([]);
  });

  it('is moved by the operator, proven or not', async () => {
    const { holder, claimant, phone_number } = await dispute();
    expect(
      (await mesh.operator('POST', `${NUMBERS}/${phone_number}/move`, { organization_id: holder.id })).body,
    ).toMatchObject({ friendly_name: 'Held', proof: { by: 'operator' } });
    expect(
      await mesh.operator('POST', `${NUMBERS}/${phone_number}/move`, { organization_id: claimant.id }),
    ).toMatchObject({
      status: 200,
      body: { organization_id: claimant.id, proof: { by: 'operator' }, friendly_name: null },
    });
    expect(await numbersOf(holder)).toEqual([]);
    const {
      body: [number],
    } = await claimant.member('GET', NUMBERS);
    expect(await claimant.admin('PUT', `${NUMBERS}/${number.id}`, { ...number, friendly_name: 'Mine' })).toMatchObject({
      status: 200,
      body: { friendly_name: 'Mine', proof: { by: 'operator' } },
    });
    expect(
      await mesh.operator('POST', `${NUMBERS}/${phone_number}/move`, {
        organization_id: '01890000-0000-7000-8000-000000000000',
      }),
    ).toMatchObject({ status: 404 });
  });

  it('is claimed by an admin, as often as an organisation may; its own and free numbers are not', async () => {
    const { holder, claimant, phone_number } = await dispute();
    for (const key of [claimant.member, claimant.publisher])
      expect((await key('POST', CLAIMS, { phone_number })).status).toBe(403);
    expect(await holder.admin('POST', CLAIMS, { phone_number })).toMatchObject({
      status: 409,
      body: { code: 'duplicate-number' },
    });
    expect(await claimant.admin('POST', CLAIMS, { phone_number: '+15559990001' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('Add it') },
    });
    expect(await claimant.admin('POST', CLAIMS, { phone_number: '2000' })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/phone_number' }] },
    });
    const held = Array.from({ length: 21 }, () => ({ phone_number: `+1555${++last}` }));
    await holder.admin('POST', `${NUMBERS}/import`, held);
    const statuses = [];
    for (const each of held) statuses.push((await claimant.admin('POST', CLAIMS, each)).status);
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 202), 409]);
    for (const key of [holder.admin, claimant.admin, claimant.member])
      expect(await key('POST', `${NUMBERS}/${phone_number}/move`, { organization_id: claimant.id })).toMatchObject({
        status: 403,
      });
    expect((await holder.member('GET', CLAIMS)).body).toEqual([]);
    expect(await holder.admin('DELETE', `${CLAIMS}/${held[0]!.phone_number}`)).toMatchObject({ status: 404 });
  });
});
