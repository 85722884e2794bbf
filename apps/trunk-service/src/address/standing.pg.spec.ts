import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AddressClaim } from '@trunkmesh/contracts/address.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { carrier, evidence, indexOf, trunk, type Entity } from '@trunkmesh/routing/inbound-fixture.js';
import { standingOf } from '@trunkmesh/routing/standing.js';
import fc from 'fast-check';
import pg from 'pg';
import { projectClaims } from '../trunk/trunk-claims.pg.js';
import { startFixture, type Fixture } from '../trunk-service.fixture.js';
import { addressesOf } from './standing.pg.js';
import type { StandingName } from './standing.js';

let fixture: Fixture;
let client: pg.Client;
const record = { query: async (sql: string, values?: unknown[]) => (await client.query(sql, values)).rows };

beforeAll(async () => {
  fixture = await startFixture();
  client = new pg.Client(await fixture.postgres.createDatabase('trunkmesh'));
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client?.end();
  await fixture?.stop();
});

const ADDRESS = '198.51.100.7';
const claim: fc.Arbitrary<AddressClaim> = fc.record({
  network: fc.constantFrom(`${ADDRESS}/32`, `${ADDRESS}/32`, '198.51.100.0/29', '198.51.0.0/16', '198.51.0.0/16'),
  via: fc.constantFrom('gateway' as const, 'inbound' as const, 'name' as const),
  since: fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z', '2026-02-01T00:00:00.000Z'),
  approved: fc.boolean(),
});
const claimant = fc.record({
  organization: fc.integer({ min: 1, max: 4 }),
  pool: fc.constantFrom('default', 'default', 'eu'),
  enabled: fc.boolean(),
  claims: fc.uniqueArray(claim, { minLength: 1, maxLength: 2, selector: ({ network }) => network }),
});
const world = fc.record({
  claimants: fc.array(claimant, { minLength: 1, maxLength: 6 }),
  evident: fc.uniqueArray(
    fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(`${ADDRESS}/32`, '198.51.100.0/24')),
    {
      maxLength: 4,
      selector: String,
    },
  ),
  listed: fc.constantFrom<string[]>([], [], [], [], ['198.51.100.0/28'], ['192.0.2.0/24']),
});

const trunks = (
  claimants: readonly { organization: number; pool: string; enabled: boolean; claims: AddressClaim[] }[],
) =>
  claimants.map(({ organization, pool, enabled, claims }, at) =>
    trunk(organization, at + 1, { bridge_pool: pool, enabled, address_claims: claims }),
  );

/** What routing decides for a call from the address. */
function decided(entities: readonly Entity[], { organization_id, bridge_pool }: TrunkState): StandingName {
  const request = { source_address: ADDRESS, pool: bridge_pool, resolved_trunks: [] };
  const { admitted, mode } = standingOf(indexOf(...entities), request);
  return [...admitted.keys()].some(({ id }) => id === organization_id) ? mode : 'not-a-candidate';
}

it('shows how an address stands exactly as routing decides it', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ claimants, evident, listed }) => {
      const states = trunks(claimants).map((state) => trunkState.parse(state));
      const proofs = evident.map(([organization, network]) => evidence(organization, network));
      await client.query('truncate trunk_claims, addresses, carrier_networks, carriers cascade');
      await projectClaims(record, states);
      for (const state of proofs)
        await client.query('insert into addresses (organization_id, network, version, state) values ($1, $2, 1, $3)', [
          state.organization_id,
          state.network,
          state,
        ]);
      if (listed.length > 0) {
        await client.query(`insert into carriers (id, version, state) values ('listed', 1, $1)`, [
          carrier('listed', listed),
        ]);
        await client.query(`insert into carrier_networks select 'listed', n::inet from unnest($1::text[]) n`, [listed]);
      }
      const entities = [...states, ...proofs, ...(listed.length > 0 ? [carrier('listed', listed)] : [])];
      for (const state of states) {
        const views = await addressesOf(record, state);
        for (const view of views.filter(({ network }) => network === `${ADDRESS}/32`))
          expect({ org: state.organization_id, standing: view.standing }).toEqual({
            org: state.organization_id,
            standing: decided(entities, state),
          });
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);
