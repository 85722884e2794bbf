import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { nameKey } from '../event-store/name-key.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../event-store/read-model.js';
import { decodeCursor, encodeCursor, type PageQuery } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';

const UPSERT = `
  insert into organizations (id, name_key, status, version, state)
  select (state->>'id')::uuid, name_key, state->>'status', version, state
  from jsonb_to_recordset($1::jsonb) as row (name_key text, version int, state jsonb)
  on conflict (id) do update set name_key = excluded.name_key, status = excluded.status, version = excluded.version,
    state = excluded.state`;

async function project(transaction: Queryable, events: readonly AnyEvent[]): Promise<void> {
  const rows = lastPerSubject(events).map(({ entityversion, data }) => {
    const state = data.state as OrganizationState;
    return { name_key: nameKey(state.name), version: entityversion, state };
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

export async function organizationRow(store: EventStore, id: string): Promise<OrganizationRow | undefined> {
  const [row] = await store.query<OrganizationRow>('select version, state from organizations where id = $1', [id]);
  return row;
}

/** By name; `only`: the one organisation that the caller may see, null for all. */
export async function organizationPage(
  store: EventStore,
  only: string | null,
  { limit, cursor }: PageQuery,
): Promise<{ rows: OrganizationRow[]; total: number; next: string | undefined }> {
  const after = decodeCursor(cursor, ['string']);
  const rows = await store.query<OrganizationRow & { name_key: string }>(
    `
    select version, state, name_key from organizations
    where ($1::uuid is null or id = $1) and ($2::text is null or name_key > $2)
    order by name_key limit $3`,
    [only, after?.[0] ?? null, limit + 1],
  );
  const [count] = await store.query<{ total: string }>(
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
