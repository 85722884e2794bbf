import type { EventStore } from '../event-store/event-store.pg.js';
import { ownersOf } from '../refused/refused-owners.pg.js';
import { knownBy, refusedArrival, usersOf, type RefusedRow, type TrunkOfArrivals } from './arrivals.js';
import type { Arrival } from './expected-call-view.js';

type Store = Pick<EventStore, 'query'>;

/** Of the last minutes; a flood of strangers' calls does not hide what is the organisation's own. */
const MAX_OWN = 100;
const MAX_UNOWNED = 1_000;

const SINCE = `
  select bridge_id, source_address, called, number, organization_id, reason, sip_status, detail, count, last_at,
    known_by, users, trunk_id
  from refused_calls where minute >= date_trunc('minute', $1::timestamptz) and last_at >= $1`;

/**
 * Calls that were refused before routing since then, and may be the trunk's. One that was nobody's then is shown only
 * where no other organisation could be meant: the trunk may have got its address or user name since.
 */
export async function refusedArrivals(store: Store, trunk: TrunkOfArrivals, since: string): Promise<Arrival[]> {
  const own = await store.query<RefusedRow>(
    `${SINCE} and organization_id = $2 and coalesce(trunk_id, $3::uuid) = $3::uuid order by last_at desc limit $4`,
    [since, trunk.organization_id, trunk.id, MAX_OWN],
  );
  const unowned = await store.query<RefusedRow>(`${SINCE} and organization_id is null order by last_at desc limit $2`, [
    since,
    MAX_UNOWNED,
  ]);
  const possible = unowned.filter((row) => knownBy(trunk, row) !== undefined);
  const owners = await ownersOf(
    store,
    possible.map((row) => ({ ...row, users: usersOf(row), numbers: [] })),
  );
  return [...own.map((row) => ({ row, owner: row })), ...possible.map((row, index) => ({ row, owner: owners[index]! }))]
    .filter(({ owner }) => owner.organization_id === trunk.organization_id && (owner.trunk_id ?? trunk.id) === trunk.id)
    .map(({ row, owner }) => refusedArrival(trunk, row, owner.known_by ?? 'called-number'));
}
