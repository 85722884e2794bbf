import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { organizationSubject, trunkSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { trunkEvent } from '@trunkmesh/contracts/trunk.js';
import { open } from '@trunkmesh/runtime/key-ring.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { BOOTSTRAP_KEY, startFixture, type Fixture } from '../trunk-service.fixture.js';

const PASSWORD = 'correct-horse-battery-staple';
const TRUNKS = '/api/v1/sip-trunks';

let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture();
  org = await mesh.organization();
}, 60_000);
afterAll(() => mesh?.stop());

let names = 0;
const aTrunk = (more: object = {}) => ({
  name: `Trunk ${(names += 1)}`,
  gateway: 'sip.example.com',
  username: 'acme',
  password: PASSWORD,
  ...more,
});
const admin = (path: string, sent: Parameters<Fixture['api']>[1] = {}) =>
  mesh.api(TRUNKS + path, { key: org.admin, ...sent });
const create = async (more: object = {}) => (await admin('', { body: aTrunk(more) })).body;

/** The trunk's events as JetStream has them. */
async function streamed(id: string, organization = org.id) {
  const nc = await mesh.service.parts.nats.ready;
  const { streams } = await jetstreamManager(nc);
  const found = [];
  const { state } = await streams.info(TRUNKMESH_STREAM);
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage(TRUNKMESH_STREAM, { seq });
    if (message?.subject === trunkSubject(organization, id)) found.push(trunkEvent.parse(message.json()));
  }
  return found;
}

/** Once there are that many of them. */
const streamedEvents = (id: string, count: number) =>
  eventually(async () => {
    const events = await streamed(id);
    if (events.length !== count) throw new Error(`${events.length} events are there`);
    return events;
  });

describe('a trunk through the API', () => {
  it('is created, read, and in JetStream', async () => {
    const made = await admin('', { body: aTrunk({ name: 'Carrier A', priority: 5 }) });
    expect(made.status).toBe(201);
    const { id } = made.body;
    expect(made.headers.get('location')).toBe(`${TRUNKS}/${id}`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.body).toMatchObject({
      name: 'Carrier A',
      gateway: 'sip.example.com',
      username: 'acme',
      priority: 5,
      enabled: true,
      register: true,
      provider: null,
      has_password: true,
      transport: 'udp',
      gateway_revision: 1,
    });
    expect(made.body).not.toHaveProperty('password');
    const read = await admin(`/${id}`);
    expect(read).toMatchObject({ status: 200, body: made.body });
    expect(read.headers.get('etag')).toBe('"1"');
    const [event] = await streamedEvents(id, 1);
    expect(event).toMatchObject({ type: 'TrunkCreated', source: 'trunk-service', entityversion: 1 });
    expect(open(mesh.service.parts.keyRing, event!.data.state!.password!, id)).toBe(PASSWORD);
  });

  it('is updated whole; without a password the old one stays, under the same ciphertext', async () => {
    const { id } = await create();
    const put = await admin(`/${id}`, {
      method: 'PUT',
      body: { name: `Renamed ${id}`, gateway: 'other.example.com:5062', username: 'acme', priority: 1 },
    });
    expect(put).toMatchObject({
      status: 200,
      body: { gateway: 'other.example.com:5062', priority: 1, has_password: true, gateway_revision: 2 },
    });
    expect(put.headers.get('etag')).toBe('"2"');
    const events = await streamedEvents(id, 2);
    expect(events[1]!.data.state!.password).toBe(events[0]!.data.state!.password);
  });

  it('what changes nothing writes nothing', async () => {
    const { id, ...read } = await create();
    for (const [method, body] of [
      ['PUT', { ...read, id, password: PASSWORD }],
      ['PUT', { ...read, id }],
      ['PATCH', {}],
      ['PATCH', { password: PASSWORD }],
      ['PATCH', { priority: 10 }],
    ] as const) {
      const answer = await admin(`/${id}`, { method, body });
      expect(answer).toMatchObject({ status: 200, body: { gateway_revision: 1 } });
      expect(answer.headers.get('etag')).toBe('"1"');
    }
  });

  it('is updated partially', async () => {
    const { id } = await create();
    const patched = await admin(`/${id}`, {
      method: 'PATCH',
      body: { priority: 2, headers: { 'X-Customer': '7' } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    });
    expect(patched).toMatchObject({
      status: 200,
      body: { priority: 2, headers: { 'X-Customer': '7' }, username: 'acme', has_password: true },
    });
  });

  it('a new password is a new gateway', async () => {
    const { id } = await create();
    expect(await admin(`/${id}`, { method: 'PATCH', body: { password: `${PASSWORD}-2` } })).toMatchObject({
      status: 200,
      body: { gateway_revision: 2 },
    });
  });

  it('is disabled, enabled, deleted', async () => {
    const { id } = await create();
    expect(await admin(`/${id}/disable`, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { enabled: false, has_password: true },
    });
    expect(await admin(`/${id}/disable`, { method: 'POST' })).toMatchObject({ status: 200, body: { enabled: false } });
    expect(await admin(`/${id}/enable`, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { enabled: true, gateway_revision: 3 },
    });
    expect(await admin(`/${id}`, { method: 'DELETE' })).toMatchObject({ status: 204, text: '' });
    for (const again of [
      admin(`/${id}`),
      admin(`/${id}`, { method: 'DELETE' }),
      admin(`/${id}/enable`, { method: 'POST' }),
      admin(`/${id}`, { method: 'PATCH', body: {} }),
    ])
      expect(await again).toMatchObject({ status: 404, body: { code: 'trunk-not-found' } });
    const events = await streamedEvents(id, 4);
    expect(events.map(({ type }) => type)).toEqual(['TrunkCreated', 'TrunkDisabled', 'TrunkEnabled', 'TrunkDeleted']);
  });

  it('a name is taken once, upper and lower case alike, also under a race', async () => {
    const name = `Unique ${(names += 1)}`;
    const answers = await Promise.all(
      [name, name.toUpperCase(), ` ${name} `].map((spelling) => admin('', { body: aTrunk({ name: spelling }) })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400]);
    const refused = answers.find(({ status }) => status === 400)!;
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(refused.body).toMatchObject({ code: 'duplicate-trunk-name', status: 400, errors: [{ pointer: '/name' }] });
    const { id } = await create();
    expect(await admin(`/${id}`, { method: 'PATCH', body: { name } })).toMatchObject({
      status: 400,
      body: { code: 'duplicate-trunk-name' },
    });
    const other = await mesh.organization();
    expect(await mesh.api(TRUNKS, { key: other.admin, body: aTrunk({ name }) })).toMatchObject({ status: 201 });
  });

  it('of another organisation does not exist', async () => {
    const { id } = await create();
    const { admin: key } = await mesh.organization();
    for (const sent of [
      {},
      { method: 'PUT', body: aTrunk() },
      { method: 'PATCH', body: { priority: 1 } },
      { method: 'DELETE' },
    ]) {
      expect(await mesh.api(`${TRUNKS}/${id}`, { key, ...sent })).toMatchObject({
        status: 404,
        body: { code: 'trunk-not-found' },
      });
    }
    expect((await mesh.api(TRUNKS, { key })).body).toEqual([]);
  });

  it.each([
    ['x', 'x'],
    ['another UUID', '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11'],
    ['a long id', 'a'.repeat(5000)],
    ['a NUL', '%00'],
    ['a path', '..%2f..'],
    ['SQL', "'; drop table trunks; --"],
  ])('%s is no trunk', async (_title, id) => {
    expect(await admin(`/${encodeURI(id)}`)).toMatchObject({ status: 404, body: { code: 'trunk-not-found' } });
  });
});

describe('preconditions', () => {
  it('If-Match refuses what was prepared on another version', async () => {
    const { id } = await create();
    await admin(`/${id}`, { method: 'PATCH', body: { priority: 1 } });
    const stale = { headers: { 'If-Match': '"1"' } };
    for (const sent of [
      { method: 'PATCH', body: { priority: 2 } },
      { method: 'PUT', body: aTrunk() },
      { method: 'DELETE' },
    ]) {
      expect(await admin(`/${id}`, { ...sent, ...stale })).toMatchObject({
        status: 412,
        body: { code: 'precondition-failed' },
      });
    }
    expect(await admin(`/${id}/disable`, { method: 'POST', ...stale })).toMatchObject({ status: 412 });
    expect(
      await admin(`/${id}`, { method: 'PATCH', body: { priority: 2 }, headers: { 'If-Match': '"2"' } }),
    ).toMatchObject({ status: 200, body: { priority: 2 } });
  });

  it('If-None-Match spares the body', async () => {
    const { id } = await create();
    const unchanged = await admin(`/${id}`, { headers: { 'If-None-Match': '"1"' } });
    expect(unchanged).toMatchObject({ status: 304, text: '' });
    expect(unchanged.headers.get('etag')).toBe('"1"');
    expect(await admin(`/${id}`, { headers: { 'If-None-Match': '"9"' } })).toMatchObject({ status: 200 });
  });

  it('of two writers on the same version one wins', async () => {
    const { id } = await create();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, priority) =>
        admin(`/${id}`, { method: 'PATCH', body: { priority: priority + 20 }, headers: { 'If-Match': '"1"' } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
  });

  it('writers without a precondition all get through', async () => {
    const { id } = await create();
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, n) => admin(`/${id}`, { method: 'PATCH', body: { priority: n + 100 } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(64).fill(200));
    expect((await admin(`/${id}`)).headers.get('etag')).toBe('"65"');
  });
});

describe('the list', () => {
  it('is a plain array, by priority and name, with filters and pages', async () => {
    const { admin: key, id } = await mesh.organization();
    await mesh.api(`/api/v1/organizations/${id}`, {
      key: BOOTSTRAP_KEY,
      method: 'PATCH',
      body: { bridge_pools: ['default', 'eu'] },
    });
    const list = (query = '') => mesh.api(TRUNKS + query, { key });
    for (const [name, priority, more] of [
      ['c', 2, {}],
      ['b', 1, { provider: 'acme' }],
      ['A', 2, { enabled: false }],
      ['d', 0, { register: false, bridge_pool: 'eu', gateway: 'pbx.example.org' }],
    ] as const) {
      await mesh.api(TRUNKS, { key, body: aTrunk({ name, priority, ...more }) });
    }
    const namesOf = (body: { name: string }[]) => body.map(({ name }) => name).join('');
    const all = await list();
    expect(namesOf(all.body)).toBe('dbAc');
    expect(all.headers.get('x-total-count')).toBe('4');
    expect(all.headers.get('link')).toBeNull();
    for (const [query, expected] of [
      ['enabled=false', 'A'],
      ['register=false', 'd'],
      ['provider=acme', 'b'],
      ['bridge_pool=eu', 'd'],
      ['name=a', 'A'],
      ['q=PBX', 'd'],
      ['q=sip.example', 'bAc'],
      ['enabled=true&register=true', 'bc'],
      ['q=%25', ''],
    ] as const) {
      expect(namesOf((await list(`?${query}`)).body)).toBe(expected);
    }
    const pages: string[] = [];
    for (let path: string | undefined = `${TRUNKS}?limit=1&q=sip`; path !== undefined;) {
      const page = await mesh.api(path, { key });
      expect(page.headers.get('x-total-count')).toBe('3');
      pages.push(namesOf(page.body));
      path = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual(['b', 'A', 'c']);
    expect(await list('?limit=0&cursor=x&enabld=true&enabled=maybe')).toMatchObject({
      status: 400,
      body: {
        errors: [
          { pointer: '/limit' },
          { pointer: '/enabled' },
          { pointer: '/enabld', detail: 'is not a field of this request; did you mean "enabled"?' },
        ],
      },
    });
    expect(await list('?cursor=x')).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cursor' }] } });
  });
});

describe('Idempotency-Key', () => {
  const twice = (key: string, body: object, other = body) =>
    Promise.all([
      admin('', { body, headers: { 'Idempotency-Key': key } }),
      admin('', { body: other, headers: { 'Idempotency-Key': key } }),
    ]);

  it('the same request is answered as the first time, and done once', async () => {
    const body = aTrunk();
    const first = await admin('', { body, headers: { 'Idempotency-Key': 'k-1' } });
    const second = await admin('', { body, headers: { 'Idempotency-Key': '"k-1"' } });
    expect(first.status).toBe(201);
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await admin(`?name=${encodeURIComponent(body.name)}`)).headers.get('x-total-count')).toBe('1');
  });

  it('at the same moment: one is done, the other is told to wait or gets its answer', async () => {
    for (let round = 0; round < 10; round += 1) {
      const body = aTrunk();
      const answers = await twice(`race-${round}`, body);
      const made = answers.filter(({ status }) => status === 201);
      expect(made.length).toBeGreaterThan(0);
      expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
      for (const answer of answers.filter(({ status }) => status !== 201))
        expect(answer).toMatchObject({ status: 409, body: { code: 'idempotency-key-in-progress' } });
      expect(
        (await admin(`?name=${encodeURIComponent(body.name)}`)).body.filter(
          ({ name }: { name: string }) => name === body.name,
        ),
      ).toHaveLength(1);
    }
  });

  it('with another body is refused', async () => {
    await admin('', { body: aTrunk(), headers: { 'Idempotency-Key': 'k-2' } });
    expect(await admin('', { body: aTrunk(), headers: { 'Idempotency-Key': 'k-2' } })).toMatchObject({
      status: 409,
      body: { code: 'idempotency-key-reused' },
    });
  });

  it('of a refused request may be used again', async () => {
    expect(await admin('', { body: { name: 'x' }, headers: { 'Idempotency-Key': 'k-3' } })).toMatchObject({
      status: 400,
    });
    expect(await admin('', { body: aTrunk(), headers: { 'Idempotency-Key': 'k-3' } })).toMatchObject({ status: 201 });
  });

  it('belongs to its organisation', async () => {
    const other = await mesh.organization();
    expect(
      await mesh.api(TRUNKS, { key: other.admin, body: aTrunk(), headers: { 'Idempotency-Key': 'k-1' } }),
    ).toMatchObject({ status: 201 });
  });

  it.each([
    ['nothing', ''],
    ['a space', ' '],
    ['two words', 'a b'],
    ['a long text', 'x'.repeat(256)],
  ])('%s is no key', async (_title, key) =>
    expect(await admin('', { body: aTrunk(), headers: { 'Idempotency-Key': key } })).toMatchObject({ status: 400 }),
  );

  it('does not give an API key away a second time', async () => {
    const body = { name: 'ci', role: 'member' };
    const first = await mesh.api('/api/v1/api-keys', { key: org.admin, body, headers: { 'Idempotency-Key': 'k-4' } });
    const second = await mesh.api('/api/v1/api-keys', { key: org.admin, body, headers: { 'Idempotency-Key': 'k-4' } });
    expect(first.body.key).toMatch(/^tm_/);
    expect(second.body).toEqual({ ...first.body, key: null });
  });
});

describe('who may do what', () => {
  it.each(['member', 'publisher'] as const)('a %s reads and changes nothing', async (role) => {
    const { id } = await create();
    const key = org[role];
    expect(await mesh.api(`${TRUNKS}/${id}`, { key })).toMatchObject({ status: 200 });
    for (const [path, sent] of [
      ['', { body: aTrunk() }],
      [`/${id}`, { method: 'PUT', body: aTrunk() }],
      [`/${id}`, { method: 'PATCH', body: {} }],
      [`/${id}`, { method: 'DELETE' }],
      [`/${id}/enable`, { method: 'POST' }],
      [`/${id}/disable`, { method: 'POST' }],
    ] as const) {
      expect(await mesh.api(TRUNKS + path, { key, ...sent })).toMatchObject({
        status: 403,
        body: { code: 'not-allowed' },
      });
    }
    expect(await mesh.api('/api/v1/api-keys', { key })).toMatchObject({ status: 403 });
    expect(await mesh.api('/api/v1/organizations', { key, body: { name: 'x' } })).toMatchObject({ status: 403 });
  });

  it.each([[undefined], ['x'], [`tm_${'0'.repeat(16)}_${'A'.repeat(43)}`], [`${BOOTSTRAP_KEY}x`]])(
    'with the key %j: 401, also where there is nothing',
    async (key) => {
      for (const path of [TRUNKS, `${TRUNKS}/x`, '/api/v1/organizations']) {
        const answer = await mesh.api(path, { key });
        expect(answer).toMatchObject({ status: 401, body: { code: 'not-authenticated' } });
        expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="trunkmesh"');
      }
    },
  );

  it('a revoked key is refused from the next request on', async () => {
    const {
      body: { key, id },
    } = await mesh.api('/api/v1/api-keys', { key: org.admin, body: { name: 'short', role: 'admin' } });
    expect(await mesh.api(TRUNKS, { key })).toMatchObject({ status: 200 });
    expect(await mesh.api(`/api/v1/api-keys/${id}`, { key: org.admin, method: 'DELETE' })).toMatchObject({
      status: 204,
    });
    expect(await mesh.api(TRUNKS, { key })).toMatchObject({ status: 401 });
    expect(
      (await mesh.api('/api/v1/api-keys', { key: org.admin })).body.map((one: { id: string }) => one.id),
    ).not.toContain(id);
  });

  it('keys are listed without the key, with their last use', async () => {
    await mesh.api(TRUNKS, { key: org.admin });
    const listed = await eventually(async () => {
      const { body, text } = await mesh.api('/api/v1/api-keys', { key: org.admin });
      const mine = body.find(({ role }: { role: string }) => role === 'admin');
      if (mine.last_used_at === null) throw new Error('not noted yet');
      return { mine, text };
    });
    expect(listed.mine).toMatchObject({ name: 'admin', prefix: org.admin.slice(0, 19) });
    expect(listed.text).not.toContain(org.admin);
  });

  it("another organisation's key cannot be revoked, nor one made for it", async () => {
    const other = await mesh.organization();
    const {
      body: { id },
    } = await mesh.api('/api/v1/api-keys', { key: other.admin, body: { name: 'a', role: 'member' } });
    expect(await mesh.api(`/api/v1/api-keys/${id}`, { key: org.admin, method: 'DELETE' })).toMatchObject({
      status: 404,
      body: { code: 'api-key-not-found' },
    });
    expect(
      await mesh.api('/api/v1/api-keys', {
        key: org.admin,
        body: { name: 'a', role: 'admin', organization_id: other.id },
      }),
    ).toMatchObject({ status: 403 });
    expect(await mesh.api(TRUNKS, { key: org.admin, headers: { 'X-Organization-Id': other.id } })).toMatchObject({
      status: 403,
    });
    expect(
      await mesh.api('/api/v1/api-keys', {
        key: BOOTSTRAP_KEY,
        body: { name: 'a', role: 'admin', organization_id: '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11' },
      }),
    ).toMatchObject({ status: 404 });
  });

  it('the bootstrap key acts for the organisation that it names', async () => {
    expect(await mesh.api(TRUNKS, { key: BOOTSTRAP_KEY })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
    expect(await mesh.api(TRUNKS, { key: BOOTSTRAP_KEY, headers: { 'X-Organization-Id': 'x' } })).toMatchObject({
      status: 400,
    });
    expect(
      await mesh.api(TRUNKS, {
        key: BOOTSTRAP_KEY,
        headers: { 'X-Organization-Id': '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11' },
      }),
    ).toMatchObject({ status: 404 });
    expect(
      await mesh.api(TRUNKS, {
        key: BOOTSTRAP_KEY,
        headers: { 'X-Organization-Id': org.id.toUpperCase() },
        body: aTrunk(),
      }),
    ).toMatchObject({ status: 201, body: { organization_id: org.id } });
  });
});

describe('organisations', () => {
  const operator = (path: string, sent: Parameters<Fixture['api']>[1] = {}) =>
    mesh.api(`/api/v1/organizations${path}`, { key: BOOTSTRAP_KEY, ...sent });

  it('have a country of their own, or none, which their admin alone names', async () => {
    const { id, admin: key } = await mesh.organization('Abroad');
    const ownCountry = (country: unknown) =>
      mesh.api(`/api/v1/organizations/${id}`, { key, method: 'PATCH', body: { country } });
    expect(await mesh.api(`/api/v1/organizations/${id}`, { key })).toMatchObject({ body: { country: null } });
    expect(await ownCountry('us')).toMatchObject({ status: 200, body: { country: 'US' } });
    expect(await ownCountry('XX')).toMatchObject({ status: 400, body: { errors: [{ pointer: '/country' }] } });
    expect(await ownCountry(null)).toMatchObject({ status: 200, body: { country: null } });
    const theirs = `/api/v1/organizations/${org.id}`;
    expect(await mesh.api(theirs, { key, method: 'PATCH', body: { country: 'US' } })).toMatchObject({ status: 404 });
  });

  it('are created, changed by their admin, suspended and resumed', async () => {
    const { id, admin: key } = await mesh.organization('Acme');
    expect(await operator('', { body: { name: 'ACME' } })).toMatchObject({
      status: 409,
      body: { code: 'duplicate-organization' },
    });
    expect(
      await mesh.api(`/api/v1/organizations/${id}`, { key, method: 'PATCH', body: { outbound_country_codes: ['us'] } }),
    ).toMatchObject({ status: 200, body: { outbound_country_codes: ['US'], name: 'Acme' } });
    expect(
      await mesh.api(`/api/v1/organizations/${org.id}`, { key, method: 'PATCH', body: { name: 'x' } }),
    ).toMatchObject({ status: 404 });
    expect(await mesh.api(`/api/v1/organizations/${org.id}`, { key })).toMatchObject({ status: 404 });
    expect((await mesh.api('/api/v1/organizations', { key })).body).toHaveLength(1);
    expect((await operator('?limit=1')).headers.get('link')).toContain('rel="next"');
    expect(await mesh.api(`/api/v1/organizations/${id}/suspend`, { key, method: 'POST' })).toMatchObject({
      status: 403,
    });
    expect(await operator(`/${id}/suspend`, { method: 'POST' })).toMatchObject({
      status: 200,
      body: { status: 'suspended' },
    });
    expect(await mesh.api(TRUNKS, { key, body: aTrunk() })).toMatchObject({
      status: 403,
      body: { code: 'organization-suspended' },
    });
    expect(await mesh.api(TRUNKS, { key })).toMatchObject({ status: 200 });
    const resumed = await operator(`/${id}/resume`, { method: 'POST' });
    expect(resumed).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(resumed.headers.get('etag')).toBe('"4"');
    expect(await mesh.api(TRUNKS, { key, body: aTrunk() })).toMatchObject({ status: 201 });
    const nc = await mesh.service.parts.nats.ready;
    const { streams } = await jetstreamManager(nc);
    await eventually(
      async () =>
        (await streams.getMessage(TRUNKMESH_STREAM, { last_by_subj: organizationSubject(id) }))?.json<{
          type: string;
        }>().type === 'OrganizationResumed',
    );
  });

  it.each([
    [{}, ['/name']],
    [{ name: '' }, ['/name']],
    [{ name: 'a\nb' }, ['/name']],
    [{ name: 'a', outbound_country_codes: ['XX'], colour: 1 }, ['/outbound_country_codes/0', '/colour']],
  ])('%j is refused', async (body, pointers) => {
    const { status, body: problem } = await operator('', { body });
    expect(status).toBe(400);
    expect(problem.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
  });

  it('a repeated creation is the first one', async () => {
    const body = { name: 'Once' };
    const headers = { 'Idempotency-Key': 'once' };
    const [first, second] = [await operator('', { body, headers }), await operator('', { body, headers })];
    expect(second).toMatchObject({ status: 201, body: first.body });
  });
});

describe('deleting a trunk that has numbers', () => {
  it('says which; with force they lose it in the same transaction', async () => {
    const { id } = await create({ name: 'With numbers' });
    const number = await mesh.api('/api/v1/phone-numbers', {
      key: org.admin,
      body: { phone_number: '+15555550100', sip_trunk_id: id },
    });
    expect(number.status).toBe(201);
    const refused = await admin(`/${id}`, { method: 'DELETE' });
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'trunk-has-numbers',
        number_count: 1,
        numbers: [{ id: number.body.id, phone_number: '+15555550100' }],
      },
    });
    expect(refused.body.detail).toContain('+15555550100');
    expect(await admin(`/${id}?force=true`, { method: 'DELETE' })).toMatchObject({ status: 204 });
    expect(await mesh.api(`/api/v1/phone-numbers/${number.body.id}`, { key: org.admin })).toMatchObject({
      status: 200,
      body: { sip_trunk_id: null },
    });
  });
});

describe('hostile requests', () => {
  it.each([
    ['broken JSON', { body: '{"password": "correct-horse-battery-staple' }, 400],
    ['no JSON', { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }, 415],
    ['a scalar', { body: '"x"' }, 400],
    ['nothing', { method: 'POST' }, 400],
    ['a huge body', { body: JSON.stringify({ name: 'x'.repeat(300_000) }) }, 413],
    ['a deep body', { body: `{"name":${'['.repeat(50_000)}${']'.repeat(50_000)}}` }, 400],
    ['another charset', { body: '{}', headers: { 'Content-Type': 'application/json; charset=latin1' } }, 415],
    ['prototype pollution', { body: '{"__proto__":{"enabled":true},"constructor":{"prototype":{}}}' }, 400],
  ] as [string, object, number][])('%s: %#', async (_title, sent, status) => {
    const answer = await admin('', sent);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ status, request_id: answer.headers.get('x-request-id') });
  });

  it.each([
    ['/nothing', 'GET', 404],
    ['/api/v1/nothing', 'GET', 404],
    ['/api/v1/sip-trunks', 'PURGE', 404],
    ['/api/v1/sip-trunks/%zz', 'GET', 400],
  ] as const)('%s %s', async (path, method, status) => {
    const answer = await mesh.api(path, { method, key: org.admin });
    expect(answer).toMatchObject({ status, body: { status } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it("a stranger's body is not even parsed", async () => {
    expect(await mesh.api(TRUNKS, { body: '{broken' })).toMatchObject({ status: 401 });
  });

  it('answers carry what a browser must know, and not what runs here', async () => {
    const { headers } = await admin('');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('a request id is taken over when it is harmless', async () => {
    expect((await admin('', { headers: { 'X-Request-Id': 'abc-1' } })).headers.get('x-request-id')).toBe('abc-1');
    expect((await admin('', { headers: { 'X-Request-Id': '<script>' } })).headers.get('x-request-id')).toMatch(
      /^[\da-f-]{36}$/,
    );
  });
});

describe('health', () => {
  it('is public', async () => {
    expect(await mesh.api('/health/live')).toMatchObject({ status: 200, body: { status: 'live' } });
    expect(await mesh.api('/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { record: 'up' } },
    });
  });
});

describe('secrets', () => {
  it("no answer and no log line of all this has a password, its ciphertext or a key's hash", async () => {
    const said = mesh.answered() + mesh.logged();
    expect(said.length).toBeGreaterThan(10_000);
    expect(said).not.toContain(PASSWORD);
    expect(said).not.toMatch(/v1\.test\./);
    expect(mesh.logged()).not.toContain(BOOTSTRAP_KEY);
    expect(mesh.logged()).not.toContain(org.admin);
  });
});
