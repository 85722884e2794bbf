import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../record/read-model.js';
import { decodeCursor, encodeCursor, type PageQuery } from '../http/page.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { poolsOf } from '../trunk/pool-policy.js';
import { organizationNameKey } from './organization.js';

const UPSERT = `
  insert into organizations (id, name_key, status, version, state)
  select (state->>'id')::uuid, name_key, state->>'status', version, state
  from jsonb_to_recordset($1::jsonb) as row (name_key text, version int, state jsonb)
  on conflict (id) do update set name_key = excluded.name_key, status = excluded.status, version = excluded.version,
    state = excluded.state`;

async function project(transaction: Queryable, events: readonly AnyEvent[]): Promise<void> {
  const rows = lastPerSubject(events).map(({ entityversion, data }) => {
    const state = data.state as OrganizationState;
    return { name_key: organizationNameKey(state.name), version: entityversion, state };
  });
  await transaction.query(UPSERT, [JSON.stringify(rows)]);
}

export const organizationReadModel: ReadModel = {
  kind: 'organization',
  tables: ['organizations'],
  project,
  violations: {
    organizations_name: () =>
      new DomainError('duplicate-organization', 'Another organisation has this name.', [
        { pointer: '/name', message: 'is the name of another organisation' },
      ]),
  },
};

export interface OrganizationRow {
  version: number;
  state: OrganizationState;
}

export async function organizationRow(record: RecordStore, id: string): Promise<OrganizationRow | undefined> {
  const [row] = await record.query<OrganizationRow>('select version, state from organizations where id = $1', [id]);
  return row;
}

/** The bridge pools that the organisation may use. In a transaction, as it is there. */
export async function allowedPools(record: Pick<Queryable, 'query'>, id: string): Promise<readonly string[]> {
  const [row] = (await record.query('select state from organizations where id = $1', [id])) as OrganizationRow[];
  return poolsOf(row?.state ?? {});
}

/** By name; `only`: the one organisation that the caller may see, null for all. */
export async function organizationPage(
  record: RecordStore,
  only: string | null,
  { limit, cursor }: PageQuery,
): Promise<{ rows: OrganizationRow[]; total: number; next: string | undefined }> {
  const after = decodeCursor(cursor, ['string']);
  const rows = await record.query<OrganizationRow & { name_key: string }>(
    `
    select version, state, name_key from organizations
    where ($1::uuid is null or id = $1) and ($2::text is null or name_key > $2)
    order by name_key limit $3`,
    [only, after?.[0] ?? null, limit + 1],
  );
  const [count] = await record.query<{ total: string }>(
    'select count(*) as total from organizations where $1::uuid is null or id = $1',
    [only],
  );
  const page = rows.slice(0, limit);
  return {
    rows: page,
    total: Number(count?.total ?? 0),
    next: rows.length > limit ? encodeCursor([page[page.length - 1]!.name_key]) : undefined,
  };
}
