import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BOOTSTRAP_KEY, startFixture, type Fixture } from '../trunk-service.fixture.js';

const TRUNKS = '/api/v1/sip-trunks';
const NUMBERS = '/api/v1/phone-numbers';

let mesh: Fixture;
beforeAll(async () => {
  mesh = await startFixture({ QUOTA_TRUNKS: 3, QUOTA_NUMBERS: 3, QUOTA_API_KEYS: 5 });
}, 60_000);
afterAll(() => mesh.stop());

const trunk = (name: string | number) => ({ name: `t${name}`, gateway: 'sip.example.com', register: false });
let digits = 0;
const number = () => ({ phone_number: `+1555${5_000_000 + (digits += 1)}` });
const many = <Value>(count: number, make: (n: number) => Value) => Array.from({ length: count }, (_, n) => make(n));
const refused = (quota: string, limit: number) => ({
  status: 403,
  body: {
    code: 'quota-exceeded',
    quota,
    limit,
    detail: expect.stringContaining('ask the operator for a higher quota'),
  },
});
const setQuotas = (id: string, quotas: unknown, key = BOOTSTRAP_KEY) =>
  mesh.api(`/api/v1/organizations/${id}`, { method: 'PATCH', key, body: { quotas } });

describe('a quota', () => {
  it('of trunks: the one too many is refused and nothing of it is left; a deletion makes room', async () => {
    const { admin } = await mesh.organization();
    const made = [];
    for (let n = 0; n < 3; n += 1)
      made.push(await mesh.api(TRUNKS, { key: admin, body: trunk(n), headers: { 'Idempotency-Key': `t${n}` } }));
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await mesh.api(TRUNKS, { key: admin, body: trunk(3) })).toMatchObject(refused('trunks', 3));
    expect((await mesh.api(TRUNKS, { key: admin })).body).toHaveLength(3);
    // What was accepted is answered again, also where there is no room left.
    expect(await mesh.api(TRUNKS, { key: admin, body: trunk(2), headers: { 'Idempotency-Key': 't2' } })).toMatchObject({
      status: 201,
      text: made[2]!.text,
    });
    expect((await mesh.api(`${TRUNKS}/${made[0]!.body.id}`, { key: admin, method: 'DELETE' })).status).toBe(204);
    expect((await mesh.api(TRUNKS, { key: admin, body: trunk(3) })).status).toBe(201);
  });

  it('of numbers counts those of an import and of a pushed organisation', async () => {
    const { admin, publisher } = await mesh.organization();
    expect(await mesh.api(`${NUMBERS}/import`, { key: admin, body: many(4, number) })).toMatchObject(
      refused('numbers', 3),
    );
    expect((await mesh.api(NUMBERS, { key: admin })).body).toEqual([]);
    expect((await mesh.api(`${NUMBERS}/import`, { key: admin, body: many(2, number) })).status).toBe(200);
    const sync = (numbers: number, trunks: number) =>
      mesh.api('/api/sync-organization?timeout_ms=0', {
        key: publisher,
        body: { trunks: many(trunks, trunk), numbers: many(numbers, number) },
      });
    expect(await sync(4, 0)).toMatchObject(refused('numbers', 3));
    expect(await sync(0, 4)).toMatchObject(refused('trunks', 3));
    expect((await mesh.api(NUMBERS, { key: admin })).body).toHaveLength(2);
    // All new: what goes makes room for what comes.
    expect((await sync(3, 3)).status).toBe(200);
    expect(await mesh.api(NUMBERS, { key: admin, body: number() })).toMatchObject(refused('numbers', 3));
  });

  it('of API keys counts those that are not revoked', async () => {
    const { admin } = await mesh.organization();
    const make = () => mesh.api('/api/v1/api-keys', { key: admin, body: { name: 'x', role: 'member' } });
    const [fourth, fifth, sixth] = [await make(), await make(), await make()];
    expect([fourth.status, fifth.status]).toEqual([201, 201]);
    expect(sixth).toMatchObject(refused('api_keys', 5));
    await mesh.api(`/api/v1/api-keys/${fourth.body.id}`, { key: admin, method: 'DELETE' });
    expect((await make()).status).toBe(201);
  });

  it('is raised, lowered and given back by the operator alone', async () => {
    const { id, admin } = await mesh.organization();
    expect(await setQuotas(id, { trunks: 5 }, admin)).toMatchObject({
      status: 403,
      body: { code: 'not-allowed', errors: [{ pointer: '/quotas' }] },
    });
    expect(await setQuotas(id, { trunks: 5, calls: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/quotas/calls' }] },
    });
    expect(await setQuotas(id, { trunks: -1 })).toMatchObject({ status: 400 });
    expect(await setQuotas(id, { trunks: 5 })).toMatchObject({ status: 200, body: { quotas: { trunks: 5 } } });
    for (let n = 0; n < 5; n += 1) expect((await mesh.api(TRUNKS, { key: admin, body: trunk(n) })).status).toBe(201);
    expect(await mesh.api(TRUNKS, { key: admin, body: trunk(5) })).toMatchObject(refused('trunks', 5));
    expect(await setQuotas(id, { trunks: 0 })).toMatchObject({ status: 200 });
    expect((await mesh.api(TRUNKS, { key: admin, body: trunk(5) })).status).toBe(201);
    // A client sends back what it read.
    const read = await mesh.api(`/api/v1/organizations/${id}`, { key: admin });
    expect(
      await mesh.api(`/api/v1/organizations/${id}`, { method: 'PATCH', key: admin, body: read.body }),
    ).toMatchObject({ status: 200, body: { quotas: { trunks: 0 } } });
    const back = await setQuotas(id, null);
    expect([back.status, 'quotas' in back.body]).toEqual([200, false]);
    // What is there stays, also above the quota; it can be changed, and more is refused.
    const { body: trunks } = await mesh.api(TRUNKS, { key: admin });
    expect(trunks).toHaveLength(6);
    expect(
      (await mesh.api(`${TRUNKS}/${trunks[0].id}`, { method: 'PATCH', key: admin, body: { provider: 'x' } })).status,
    ).toBe(200);
  });

  it('is given with the organisation, and stands in its events', async () => {
    const made = await mesh.api('/api/v1/organizations', {
      key: BOOTSTRAP_KEY,
      body: { name: 'Given', quotas: { numbers: 1, parallel_imports: 1 } },
    });
    expect(made).toMatchObject({ status: 201, body: { quotas: { numbers: 1, parallel_imports: 1 } } });
    await setQuotas(made.body.id, { numbers: 2 });
    const rows = await mesh.service.parts.record.query<{ envelope: string }>(
      'select envelope from events where subject like $1 order by version',
      [`%${made.body.id}%`],
    );
    expect(
      rows
        .map(({ envelope }) => JSON.parse(envelope))
        .map(({ type, data }) => [type, data.change.quotas, data.state.quotas]),
    ).toEqual([
      ['OrganizationCreated', { numbers: 1, parallel_imports: 1 }, { numbers: 1, parallel_imports: 1 }],
      ['OrganizationUpdated', { numbers: 2 }, { numbers: 2 }],
    ]);
  });
});
