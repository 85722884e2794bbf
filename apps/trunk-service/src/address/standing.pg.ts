import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { claimsOf } from '@trunkmesh/routing/claims.js';
import type { Queryable } from '../event-store/read-model.js';
import { evidenceFor } from './address-list.pg.js';
import { viewOfClaim, type AddressView, type StandingFacts } from './standing.js';

const first = (whose: string) => `(
  select jsonb_build_object('yields', t.yields, 'since', t.since, 'organization_id', t.organization_id)
    from trunk_claims t
  where t.network >>= w.network::inet and t.bridge_pool = $2 and t.organization_id ${whose} $1
  order by t.yields, t.since, t.organization_id limit 1)`;

const FACTS = `
  select w.network,
    exists (select 1 from carrier_networks c where c.network >>= w.network::inet) as listed,
    exists (
      select 1 from trunk_claims t join addresses a on a.organization_id = t.organization_id and a.network >>=
        w.network::inet
      where t.network >>= w.network::inet and t.bridge_pool = $2 and t.organization_id <> $1
    ) as others_proven,
    ${first('=')} as own_first,
    ${first('<>')} as others_first,
    exists (select 1 from trunk_claims t where t.network << w.network::inet and t.bridge_pool = $2 and
      t.organization_id <> $1) as others_inside
  from unnest($3::text[]) as w (network)`;

/** The standing of each network that the trunk claims, without a word of who else claims it. */
export async function addressesOf(record: Queryable, trunk: TrunkState): Promise<AddressView[]> {
  const claims = claimsOf(trunk);
  if (claims.length === 0) return [];
  const networks = claims.map(({ network }) => network);
  const [rows, evidence] = await Promise.all([
    record.query(FACTS, [trunk.organization_id, trunk.bridge_pool, networks]) as Promise<
      (StandingFacts & { network: string })[]
    >,
    evidenceFor(record, trunk.organization_id, networks),
  ]);
  const facts = new Map(rows.map((row) => [row.network, row]));
  return claims.map((claim) => viewOfClaim(claim, facts.get(claim.network)!, evidence.get(claim.network)));
}
