import type { EventStore } from '../event-store/event-store.pg.js';
import type { PlacementBridge, PlacementTrunk } from './placement.js';

export interface Candidate extends PlacementTrunk {
  organization_id: string;
}

const COLUMNS = 't.id, t.organization_id, t.bridge_pool, t.bridge_id';

/**
 * Trunks that want to move and can: asked every second, so it must cost nothing when there are none. It reads the
 * partial indexes of exactly those bridges and pools where something can be done, never the trunks of healthy bridges.
 */
export async function restlessTrunks(
  store: EventStore,
  bridges: readonly PlacementBridge[],
  limit: number,
): Promise<Candidate[]> {
  const takers = new Set(
    bridges.filter(({ status, health }) => status === 'active' && health === 'serving').map(({ pool }) => pool),
  );
  const retired = bridges.filter(({ status }) => status === 'retired').map(({ id }) => id);
  const left = bridges
    .filter(({ id, status, health }) => !retired.includes(id) && (status === 'draining' || health === 'lost'))
    .map(({ id }) => id);
  if (takers.size === 0 && retired.length === 0) return [];
  return store.query<Candidate>(
    `
    (select ${COLUMNS} from trunks t
      where enabled and register and bridge_id is null and bridge_pool = any($1::text[]) order by id limit ${limit})
    union all
    (select ${COLUMNS} from trunks t
      where enabled and register and bridge_id = any($2::text[]) and bridge_pool = any($1::text[])
      order by id limit ${limit})
    union all
    (select ${COLUMNS} from trunks t
      where enabled and register and bridge_id = any($3::text[]) order by id limit ${limit})`,
    [[...takers], left, retired],
  );
}

/** Trunks whose bridge is in another pool than they are, or is none: rare, and a look at every trunk. */
export function strayTrunks(store: EventStore, limit: number): Promise<Candidate[]> {
  return store.query<Candidate>(`
    select ${COLUMNS} from trunks t left join bridges b on b.id = t.bridge_id
    where t.enabled and t.register and t.bridge_id is not null and (b.id is null or b.pool <> t.bridge_pool) order by
      t.id limit ${limit}`);
}

export async function unplacedTrunks(store: EventStore): Promise<number> {
  const [row] = await store.query<{ count: string }>(
    'select count(*) as count from trunks where enabled and register and bridge_id is null',
  );
  return Number(row?.count ?? 0);
}
