import { addressState, type AddressEvidence, type AddressState } from '@trunkmesh/contracts/address.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import { decodeCursor, encodeCursor } from '../http/page.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../event-store/read-model.js';
import type { EventStore } from '../event-store/event-store.pg.js';

const UPSERT = `
  insert into addresses (organization_id, network, version, state)
  select (state->>'organization_id')::uuid, (state->>'network')::inet, version, state
  from jsonb_to_recordset($1::jsonb) as row (version int, state jsonb)
  on conflict (organization_id, network) do update set version = excluded.version, state = excluded.state`;

const DELETE = `
  delete from addresses using unnest($1::uuid[], $2::inet[]) as gone (organization_id, network)
  where addresses.organization_id = gone.organization_id and addresses.network = gone.network`;

export const addressReadModel: ReadModel = {
  kind: 'address',
  tables: ['addresses'],
  project: async (transaction, events) => {
    const last = lastPerSubject(events);
    const gone = last
      .filter(({ data }) => data.state === null)
      .map(({ subject }) => entityOfSubject(subject))
      .filter((entity) => entity?.kind === 'address');
    if (gone.length > 0)
      await transaction.query(DELETE, [gone.map(({ org }) => org), gone.map(({ network }) => network)]);
    const rows = last
      .filter(({ data }) => data.state !== null)
      .map(({ entityversion, data }) => ({ version: entityversion, state: data.state }));
    if (rows.length > 0) await transaction.query(UPSERT, [JSON.stringify(rows)]);
  },
  violations: {},
};

export interface EvidenceQuery {
  limit: number;
  cursor?: string | undefined;
  organization_id?: string | undefined;
  address?: string | undefined;
}

/** By network, then by organisation. `address`: whatever holds it or lies within it. */
export async function evidencePage(
  store: EventStore,
  { limit, cursor, organization_id, address }: EvidenceQuery,
): Promise<{ rows: AddressState[]; total: number; next: string | undefined }> {
  const filter = [organization_id ?? null, address ?? null];
  const where = '($1::uuid is null or organization_id = $1) and ($2::inet is null or network && $2)';
  const after = decodeCursor(cursor, ['string', 'string']) ?? [null, null];
  const rows = await store.query<{ state: AddressState }>(
    `select state from addresses where ${where} and ($3::inet is null or (network, organization_id) > ($3,
      $4::uuid)) order by network, organization_id limit $5`,
    [...filter, ...after, limit + 1],
  );
  const [count] = await store.query<{ total: string }>(
    `select count(*) as total from addresses where ${where}`,
    filter,
  );
  const page = rows.slice(0, limit).map(({ state }) => addressState.parse(state));
  const last = page[page.length - 1];
  return {
    rows: page,
    total: Number(count?.total ?? 0),
    next: rows.length > limit && last ? encodeCursor([last.network, last.organization_id]) : undefined,
  };
}

/** `covers`: it is evidence for the whole network, not for a part of it. */
export interface FoundEvidence {
  evidence: AddressEvidence;
  covers: boolean;
}

/** The organisation's evidence for each of its networks, where it has any that overlaps; the widest. */
export async function evidenceFor(
  record: Queryable,
  organizationId: string,
  networks: readonly string[],
): Promise<Map<string, FoundEvidence>> {
  const rows = (await record.query(
    `
    select distinct on (w.network) w.network, a.state->'evidence' as evidence, a.network >>= w.network::inet as covers
    from unnest($2::text[]) as w (network) join addresses a on a.organization_id = $1 and a.network && w.network::inet
    order by w.network, masklen(a.network), a.network`,
    [organizationId, networks],
  )) as (FoundEvidence & { network: string })[];
  return new Map(rows.map(({ network, evidence, covers }) => [network, { evidence, covers }]));
}
