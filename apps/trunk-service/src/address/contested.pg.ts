import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';

/** Networks that several organisations claim in one pool, and that no operator has listed as a shared carrier's. */
const CONTESTED = `
  select distinct a.network, a.bridge_pool from trunk_claims a
  where exists (select 1 from trunk_claims b where b.network && a.network and b.bridge_pool = a.bridge_pool and
    b.organization_id <> a.organization_id)
    and not exists (select 1 from carrier_networks c where c.network >>= a.network)`;

const CLAIMANTS = `
  select jsonb_agg(to_jsonb(claimant)) as claimants from (
    select t.organization_id, min(t.since) as since, bool_and(t.yields) as yields, (array_agg(distinct
      t.trunk_id))[1:20] as trunk_ids,
      exists (select 1 from addresses e where e.organization_id = t.organization_id and e.network && c.network) as
        has_evidence
    from trunk_claims t where t.network && c.network and t.bridge_pool = c.bridge_pool
    group by t.organization_id order by has_evidence desc, yields, since, t.organization_id limit 50
  ) claimant`;

const claimant = z
  .object({
    organization_id: z.string().describe('The organisation.'),
    since: z.string().describe('Since when.'),
    trunk_ids: z.array(z.string()).describe('The trunks that claim it.'),
    has_evidence: z.boolean().describe('Whether the organisation has evidence for the source address.'),
    counts: z
      .boolean()
      .describe('Its calls are routed; those of the others are refused until they prove that they use the address.'),
  })
  .meta({ id: 'Claimant' });
export const contestedView = z
  .object({
    network: z.string().describe('An address or a network (CIDR).'),
    bridge_pool: z.string().describe('The pool whose bridges take the calls.'),
    organizations: z.number().int().describe('How many organisations claim it.'),
    claimants: z.array(claimant).describe('Who claims it.'),
  })
  .meta({ id: 'ContestedAddress' });
export type ContestedView = z.infer<typeof contestedView>;

interface Row {
  network: string;
  bridge_pool: string;
  organizations: string;
  claimants: (Omit<z.infer<typeof claimant>, 'counts'> & { yields: boolean })[];
}

export async function contestedPage(
  store: EventStore,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ rows: ContestedView[]; total: number; next: string | undefined }> {
  const after = decodeCursor(cursor, ['string', 'string']) ?? [null, null];
  const rows = await store.query<Row>(
    `
    select text(c.network) as network, c.bridge_pool, k.claimants,
      (select count(distinct t.organization_id) from trunk_claims t where t.network && c.network and t.bridge_pool =
        c.bridge_pool) as organizations
    from (${CONTESTED} and ($1::inet is null or (a.network, a.bridge_pool) > ($1, $2::text)) order by a.network,
      a.bridge_pool limit $3) c
    cross join lateral (${CLAIMANTS}) k`,
    [...after, limit + 1],
  );
  const page = rows.slice(0, limit).map(viewOf);
  const last = page[page.length - 1];
  return {
    rows: page,
    total: await contestedCount(store),
    next: rows.length > limit && last ? encodeCursor([last.network, last.bridge_pool]) : undefined,
  };
}

export async function contestedCount(store: EventStore): Promise<number> {
  const [row] = await store.query<{ total: string }>(`select count(*) as total from (${CONTESTED}) c`);
  return Number(row!.total);
}

/** Those with evidence, or where nobody has any the first claim alone. */
function viewOf({ network, bridge_pool, organizations, claimants }: Row): ContestedView {
  const proven = claimants.some(({ has_evidence }) => has_evidence);
  const shown = claimants.map(({ yields: _, ...each }, index) => ({
    ...each,
    since: new Date(each.since).toISOString(),
    counts: proven ? each.has_evidence : index === 0,
  }));
  return { network, bridge_pool, organizations: Number(organizations), claimants: shown };
}
