import { organizationNotFound } from '../organization/organization.js';
import { decodeCursor, encodeCursor, type PageQuery } from '../http/page.js';
import type { Queryable } from '../event-store/read-model.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { ApiKeyRow } from './api-key.js';

const COLUMNS = 'id, organization_id, lookup, name, role, created_at, last_used_at';

export async function insertApiKey(transaction: Queryable, row: ApiKeyRow, hash: Buffer): Promise<void> {
  const inserted = (await transaction.query(
    `
    insert into api_keys (id, organization_id, lookup, hash, name, role, created_at)
    select $1::uuid, o.id, $3, $4::bytea, $5, $6, $7::timestamptz from organizations o where o.id = $2 returning id`,
    [row.id, row.organization_id, row.lookup, hash, row.name, row.role, row.created_at],
  )) as unknown[];
  if (inserted.length === 0) throw organizationNotFound();
}

export async function findApiKey(store: EventStore, id: string): Promise<ApiKeyRow | undefined> {
  const [row] = await store.query<ApiKeyRow>(`select ${COLUMNS} from api_keys where id = $1`, [id]);
  return row;
}

/** Newest last. Revoked keys are gone from it. */
export async function apiKeyPage(
  store: EventStore,
  organizationId: string,
  { limit, cursor }: PageQuery,
): Promise<{ rows: ApiKeyRow[]; total: number; next: string | undefined }> {
  const after = decodeCursor(cursor, ['string']);
  const rows = await store.query<ApiKeyRow>(
    `
    select ${COLUMNS} from api_keys where organization_id = $1 and revoked_at is null and ($2::uuid is null or id > $2)
    order by id limit $3`,
    [organizationId, after?.[0] ?? null, limit + 1],
  );
  const [count] = await store.query<{ total: string }>(
    'select count(*) as total from api_keys where organization_id = $1 and revoked_at is null',
    [organizationId],
  );
  const page = rows.slice(0, limit);
  return {
    rows: page,
    total: Number(count?.total ?? 0),
    next: rows.length > limit ? encodeCursor([page[page.length - 1]!.id]) : undefined,
  };
}

/** True where there was such a key; `organizationId` null: any organisation's. Revoking twice is no error. */
export async function revokeApiKey(store: EventStore, organizationId: string | null, id: string): Promise<boolean> {
  const rows = await store.query(
    `
    update api_keys set revoked_at = coalesce(revoked_at, now()) where id = $1 and ($2::uuid is null or
      organization_id = $2) returning id`,
    [id, organizationId],
  );
  return rows.length > 0;
}
