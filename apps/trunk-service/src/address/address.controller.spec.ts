import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { proveAddress } from './prove.pg.js';

const ADDRESSES = '/api/v1/addresses';
const PBX = '203.0.113.20';
let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 60_000);
afterAll(() => mesh.stop());

type Organization = Awaited<ReturnType<Mesh['organization']>>;
const trunkAt = async ({ admin }: Organization, over: object = {}) =>
  (
    await admin('POST', '/api/v1/sip-trunks', {
      name: 'PBX',
      gateway: 'sip.example.com',
      register: false,
      inbound_addresses: [PBX],
      ...over,
    })
  ).body;
const addressesOf = async ({ member }: Organization, trunk: { id: string }) =>
  (await member('GET', `/api/v1/sip-trunks/${trunk.id}/addresses`)).body;
const grant = (organization: Organization, network: string) =>
  mesh.operator('POST', ADDRESSES, { organization_id: organization.id, network });

describe('the addresses of a trunk', () => {
  it('say how far they count, and never who else claims them', async () => {
    const [b, c] = [await mesh.organization(), await mesh.organization()];
    const first = await trunkAt(b);
    expect(first.addresses).toEqual([
      {
        network: `${PBX}/32`,
        via: 'inbound',
        since: first.created_at,
        approved: false,
        evidence: null,
        standing: 'sole',
        note: null,
      },
    ]);
    const second = await trunkAt(c, { inbound_addresses: ['203.0.113.0/24', PBX] });
    expect(second.addresses).toMatchObject([
      { network: '203.0.113.0/24', standing: 'sole', note: expect.stringContaining('part of this network') },
      {
        network: `${PBX}/32`,
        standing: 'not-a-candidate',
        note: expect.stringContaining('Another customer uses this address; place a verification call'),
      },
    ]);
    expect(await addressesOf(b, first)).toMatchObject([{ standing: 'sole' }]);
    expect(await grant(c, PBX)).toMatchObject({
      status: 201,
      body: { network: `${PBX}/32`, evidence: { by: 'operator' }, shared_since: null },
    });
    expect(await addressesOf(b, first)).toMatchObject([{ standing: 'not-a-candidate', evidence: null }]);
    expect(await addressesOf(c, second)).toMatchObject([{}, { standing: 'sole', evidence: { by: 'operator' } }]);
    expect(await grant(b, PBX)).toMatchObject({ body: { shared_since: expect.any(String) } });
    expect((await c.member('GET', `/api/v1/sip-trunks/${second.id}`)).body.addresses[1]).toMatchObject({
      standing: 'shared',
      note: expect.stringContaining('names one of your numbers in full'),
    });
    const answers = JSON.stringify([
      await addressesOf(c, second),
      (await c.member('GET', `/api/v1/sip-trunks/${second.id}`)).body,
    ]);
    expect(answers).not.toContain(b.id);
    expect(await b.member('GET', `/api/v1/sip-trunks/${second.id}/addresses`)).toMatchObject({
      status: 404,
      body: { code: 'trunk-not-found' },
    });
    await mesh.operator('DELETE', `${ADDRESSES}?organization_id=${b.id}&network=${PBX}`);
    expect(await addressesOf(c, second)).toMatchObject([{}, { standing: 'sole' }]);
  });

  it('are dated by the claim, not by the change, and cannot be set by a client', async () => {
    const { admin } = await mesh.organization();
    const { body: trunk } = await admin('POST', '/api/v1/sip-trunks', {
      name: 'a',
      gateway: '192.0.2.7',
      register: false,
    });
    const { body: changed } = await admin('PATCH', `/api/v1/sip-trunks/${trunk.id}`, {
      inbound_addresses: ['192.0.2.7', '192.0.2.8'],
      gateway: 'sip.example.com',
    });
    expect(changed.addresses).toMatchObject([
      { network: '192.0.2.7/32', via: 'inbound', since: trunk.created_at },
      { network: '192.0.2.8/32', since: changed.updated_at },
    ]);
    expect(await admin('PUT', `/api/v1/sip-trunks/${trunk.id}`, changed)).toMatchObject({
      status: 200,
      body: { addresses: changed.addresses },
    });
    expect(await admin('PATCH', `/api/v1/sip-trunks/${trunk.id}`, { address_claims: [] })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/address_claims' }] },
    });
    expect((await admin('GET', '/api/v1/sip-trunks')).body[0]).not.toHaveProperty('address_claims');
  });

  it('may be wide where the operator sets them: those are approved', async () => {
    const organization = await mesh.organization();
    const wide = { name: 'wide', gateway: 'sip.example.com', register: false, inbound_addresses: ['198.51.0.0/16'] };
    expect(await organization.admin('POST', '/api/v1/sip-trunks', wide)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/inbound_addresses/0', detail: expect.stringContaining('ask the operator') }] },
    });
    expect(
      await organization.publisher('POST', '/api/sync-organization?timeout_ms=0', { trunks: [wide], numbers: [] }),
    ).toMatchObject({ status: 400, body: { errors: [{ pointer: '/trunks/0/inbound_addresses/0' }] } });
    const { body: trunk } = await mesh.operator('POST', '/api/v1/sip-trunks', wide, {
      'X-Organization-Id': organization.id,
    });
    expect(trunk.addresses).toMatchObject([{ network: '198.51.0.0/16', approved: true, standing: 'sole' }]);
    expect(await organization.admin('PATCH', `/api/v1/sip-trunks/${trunk.id}`, { name: 'Other' })).toMatchObject({
      status: 200,
      body: { addresses: [{ approved: true }] },
    });
    expect(
      await organization.admin('POST', '/api/sync-organization?timeout_ms=0', {
        trunks: [{ ...wide, id: trunk.id }],
        numbers: [],
      }),
    ).toMatchObject({ status: 200 });
    await organization.admin('DELETE', `/api/v1/sip-trunks/${trunk.id}`);
  });
});

describe("the operator's evidence", () => {
  it('is listed, found by address, and withdrawn', async () => {
    const { id } = await mesh.organization();
    expect(await mesh.operator('POST', ADDRESSES, { organization_id: id, network: '192.0.2.0/24' })).toMatchObject({
      status: 201,
    });
    expect((await mesh.operator('GET', `${ADDRESSES}?address=192.0.2.77`)).body).toMatchObject([
      { organization_id: id, network: '192.0.2.0/24', evidence: { by: 'operator' } },
    ]);
    expect((await mesh.operator('GET', `${ADDRESSES}?organization_id=${id}`)).body).toHaveLength(1);
    expect(
      await mesh.operator('DELETE', `${ADDRESSES}?organization_id=${id}&network=192.0.2.0/24&reason=left`),
    ).toMatchObject({ status: 204 });
    expect(await mesh.operator('DELETE', `${ADDRESSES}?organization_id=${id}&network=192.0.2.0/24`)).toMatchObject({
      status: 404,
      body: { code: 'evidence-not-found' },
    });
    expect((await mesh.operator('GET', `${ADDRESSES}?organization_id=${id}`)).body).toEqual([]);
  });

  it.each([
    [{ network: '192.0.2.1' }, '/organization_id'],
    [{ organization_id: '01890000-0000-7000-8000-000000000000', network: 'sip.example.com' }, '/network'],
    [{ organization_id: '01890000-0000-7000-8000-000000000000', network: '0.0.0.0/0' }, '/network'],
    [{ organization_id: 'x', network: '192.0.2.1' }, '/organization_id'],
  ])('%j is refused at %s', async (body, pointer) =>
    expect(await mesh.operator('POST', ADDRESSES, body)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer }] },
    }),
  );
  it('for nobody is refused', async () =>
    expect(
      await mesh.operator('POST', ADDRESSES, {
        organization_id: '01890000-0000-7000-8000-000000000000',
        network: '192.0.2.1',
      }),
    ).toMatchObject({ status: 404, body: { code: 'organization-not-found' } }));

  it('of two at the same moment is shared by both', async () => {
    const organizations = [await mesh.organization(), await mesh.organization(), await mesh.organization()];
    const evidence = { by: 'call' as const, at: new Date().toISOString(), trunk_id: null, call_id: null };
    await Promise.all(
      organizations.map(({ id }) =>
        proveAddress(mesh.service.parts.record, { organization_id: id, network: '198.51.100.99/32', evidence }),
      ),
    );
    const { body } = await mesh.operator('GET', `${ADDRESSES}?address=198.51.100.99`);
    expect(body).toHaveLength(3);
    for (const each of body) expect(each.shared_since).not.toBeNull();
  });

  it('shows what several organisations claim, and who counts', async () => {
    const [a, b] = [await mesh.organization(), await mesh.organization()];
    const [mine, theirs] = [
      await trunkAt(a, { inbound_addresses: ['198.51.100.50'] }),
      await trunkAt(b, { inbound_addresses: ['198.51.100.50'] }),
    ];
    const contested = async () =>
      (await mesh.operator('GET', `${ADDRESSES}?contested=true&limit=1000`)).body.find(
        ({ network }: { network: string }) => network === '198.51.100.50/32',
      );
    expect(await contested()).toMatchObject({
      bridge_pool: 'default',
      organizations: 2,
      claimants: [
        { organization_id: a.id, trunk_ids: [mine.id], counts: true, has_evidence: false },
        { organization_id: b.id, trunk_ids: [theirs.id], counts: false },
      ],
    });
    await grant(b, '198.51.100.50');
    expect(await contested()).toMatchObject({
      claimants: [
        { organization_id: b.id, counts: true, has_evidence: true },
        { organization_id: a.id, counts: false },
      ],
    });
    await mesh.operator('PUT', '/api/v1/carriers/shared-one', { name: 'Shared', networks: ['198.51.100.48/29'] });
    expect(await contested()).toBeUndefined();
    expect(await addressesOf(a, mine)).toMatchObject([{ standing: 'shared' }]);
    await mesh.operator('DELETE', '/api/v1/carriers/shared-one');
    expect(await contested()).toBeDefined();
  });
});

describe('the list of shared carriers', () => {
  it('takes a carrier with its networks in one spelling', async () => {
    const { body } = await mesh.operator('PUT', '/api/v1/carriers/example', {
      name: 'Example',
      networks: ['198.51.100.7', '2001:DB8::/48', '198.51.100.7/32'],
      default_country: 'us',
    });
    expect(body).toMatchObject({
      id: 'example',
      networks: ['198.51.100.7/32', '2001:db8::/48'],
      default_country: 'US',
    });
    expect((await mesh.operator('PUT', '/api/v1/carriers/example', { ...body, name: 'Other' })).body).toMatchObject({
      name: 'Other',
      networks: body.networks,
    });
    expect((await mesh.operator('GET', '/api/v1/carriers')).body).toMatchObject([{ id: 'example', name: 'Other' }]);
    expect(await mesh.operator('DELETE', '/api/v1/carriers/example')).toMatchObject({ status: 204 });
    expect(await mesh.operator('GET', '/api/v1/carriers/example')).toMatchObject({
      status: 404,
      body: { code: 'carrier-not-found' },
    });
  });
  it('has presets that are added by one call', async () => {
    const presets = (await mesh.operator('GET', '/api/v1/carriers?presets=true')).body;
    for (const { id, networks } of presets)
      expect((await mesh.operator('PUT', `/api/v1/carriers/${id}`, { preset: true })).body.networks).toEqual(networks);
    expect(await mesh.operator('PUT', '/api/v1/carriers/nobody', { preset: true })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('telnyx-us') },
    });
  });
  it.each([
    ['Upper', { name: 'a', networks: ['192.0.2.1'] }],
    ['a.b', { name: 'a', networks: ['192.0.2.1'] }],
    ['ok', { name: 'a', networks: [] }],
    ['ok', { name: 'a', networks: ['0.0.0.0/0'] }],
    ['ok', { networks: ['192.0.2.1'] }],
  ])('%s with %j is refused', async (id, body) =>
    expect((await mesh.operator('PUT', `/api/v1/carriers/${id}`, body)).status).toBe(400),
  );
});

describe('every route of the operator', () => {
  it.each<[string, string, unknown]>([
    ['GET', ADDRESSES, undefined],
    ['GET', `${ADDRESSES}?contested=true`, undefined],
    ['POST', ADDRESSES, { organization_id: '01890000-0000-7000-8000-000000000000', network: '192.0.2.1' }],
    ['DELETE', `${ADDRESSES}?organization_id=01890000-0000-7000-8000-000000000000&network=192.0.2.1`, undefined],
    ['GET', '/api/v1/carriers', undefined],
    ['GET', '/api/v1/carriers/x', undefined],
    ['PUT', '/api/v1/carriers/x', { name: 'x', networks: ['192.0.2.1'] }],
    ['DELETE', '/api/v1/carriers/x', undefined],
  ])('%s %s is refused to organisations', async (method, path, body) => {
    const { admin, member, publisher } = await mesh.organization();
    for (const key of [admin, member, publisher])
      expect(await key(method, path, body)).toMatchObject({ status: 403, body: { code: 'not-allowed' } });
  });
});
