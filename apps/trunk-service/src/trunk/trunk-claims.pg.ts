import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { parseCidr } from '@trunkmesh/routing/address.js';
import { claimsOf, isWide } from '@trunkmesh/routing/claims.js';
import type { Queryable } from '../event-store/read-model.js';

const INSERT = `
  insert into trunk_claims (trunk_id, organization_id, bridge_pool, network, since, yields)
  select trunk_id, organization_id, bridge_pool, network, since, yields
  from jsonb_to_recordset($1::jsonb) as row (trunk_id uuid, organization_id uuid, bridge_pool text, network inet,
    since timestamptz, yields boolean)`;

/** In place of what these trunks claimed before. */
export async function projectClaims(transaction: Queryable, states: readonly TrunkState[]): Promise<void> {
  await forgetClaims(
    transaction,
    states.map(({ id }) => id),
  );
  const rows = states.flatMap((state) =>
    claimsOf(state).map(({ network, since, approved }) => ({
      trunk_id: state.id,
      organization_id: state.organization_id,
      bridge_pool: state.bridge_pool,
      network,
      since,
      yields: approved !== true && isWide(parseCidr(network)!),
    })),
  );
  if (rows.length > 0) await transaction.query(INSERT, [JSON.stringify(rows)]);
}

export async function forgetClaims(transaction: Queryable, trunkIds: readonly string[]): Promise<void> {
  await transaction.query('delete from trunk_claims where trunk_id = any($1::uuid[])', [trunkIds]);
}
