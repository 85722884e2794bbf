import type { EventStore } from '../event-store/event-store.pg.js';
import { parseAddress } from '@trunkmesh/routing/address.js';
import { knownBy, refusedArrival, type RefusedRow, type TrunkOfArrivals } from './arrivals.js';
import type { Arrival } from './expected-call-view.js';

type Store = Pick<EventStore, 'query'>;

/** Of the last minutes; a flood of strangers' calls does not hide what is the organisation's own. */
const MAX_OWN = 100;
const MAX_UNOWNED = 1_000;

const SINCE = `
  select bridge_id, source_address, called, number, organization_id, reason, sip_status, detail, count, last_at
  from refused_calls where minute >= date_trunc('minute', $1::timestamptz) and last_at >= $1`;

/**
 * Calls that were refused before routing since then, and may be the trunk's. One that named a number belongs to whoever
 * has the number, and to nobody else; one that named nobody's is shown only where no other organisation could be meant.
 */
export async function refusedArrivals(store: Store, trunk: TrunkOfArrivals, since: string): Promise<Arrival[]> {
  const own = await store.query<RefusedRow>(`${SINCE} and organization_id = $2 order by last_at desc limit $3`, [
    since,
    trunk.organization_id,
    MAX_OWN,
  ]);
  const unowned = await store.query<RefusedRow>(`${SINCE} and organization_id is null order by last_at desc limit $2`, [
    since,
    MAX_UNOWNED,
  ]);
  const possible = unowned.flatMap((row) => {
    const known_by = knownBy(trunk, row);
    return known_by === undefined || parseAddress(row.source_address) === undefined ? [] : [{ row, known_by }];
  });
  const others = await usedByOthers(
    store,
    trunk,
    possible.map(({ row }) => row),
  );
  return [
    ...own.map((row) => refusedArrival(trunk, row, 'called-number')),
    ...possible
      .filter(
        ({ row, known_by }) => !others.addresses.has(row.source_address) && !(known_by === 'trunk-user' && others.user),
      )
      .map(({ row, known_by }) => refusedArrival(trunk, row, known_by)),
  ];
}

/** Addresses that another organisation claims or has evidence for, and whether one has the trunk's user name. */
async function usedByOthers(
  store: Store,
  { organization_id, username }: TrunkOfArrivals,
  rows: readonly RefusedRow[],
): Promise<{ addresses: ReadonlySet<string>; user: boolean }> {
  if (rows.length === 0) return { addresses: new Set(), user: false };
  const sources = [...new Set(rows.map(({ source_address }) => source_address))];
  const [used, users] = await Promise.all([
    store.query<{ source: string }>(
      `select w.source from unnest($2::text[]) as w (source) where
        exists (select 1 from trunk_claims t where t.network >>= w.source::inet and t.organization_id <> $1)
        or exists (select 1 from addresses a where a.network >>= w.source::inet and a.organization_id <> $1)`,
      [organization_id, sources],
    ),
    store.query<{ is_used: boolean }>(
      `select exists (select 1 from trunks where organization_id <> $1 and lower(state->>'username') = lower($2))
        as is_used`,
      [organization_id, username],
    ),
  ]);
  return { addresses: new Set(used.map(({ source }) => source)), user: users[0]?.is_used === true };
}
