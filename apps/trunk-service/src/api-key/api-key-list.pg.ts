import { IsNull, MoreThan, type EntityManager } from 'typeorm';
import { organizationNotFound } from '../organization/organization.js';
import { decodeCursor, encodeCursor, type PageQuery } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { noteChange } from '../event-store/note-change.pg.js';
import { ApiKeyRow } from './api-key-row.pg.js';

/** @throws where the organisation does not exist */
export async function insertApiKey(transaction: EntityManager, row: Omit<ApiKeyRow, 'revoked_at'>): Promise<void> {
  const owner: unknown[] = await transaction.query('select from organizations where id = $1', [row.organization_id]);
  if (owner.length === 0) throw organizationNotFound();
  await transaction.insert(ApiKeyRow, row);
}

export function findApiKey(store: EventStore, id: string): Promise<ApiKeyRow | null> {
  return store.entities((manager) => manager.findOneBy(ApiKeyRow, { id }));
}

/** Newest last. Revoked keys are not in it. */
export function apiKeyPage(
  store: EventStore,
  organizationId: string,
  { limit, cursor }: PageQuery,
): Promise<{ rows: ApiKeyRow[]; total: number; next: string | undefined }> {
  const after = decodeCursor(cursor, ['string']);
  const valid = { organization_id: organizationId, revoked_at: IsNull() };
  return store.entities(async (manager) => {
    const rows = await manager.find(ApiKeyRow, {
      where: { ...valid, ...(after === undefined ? {} : { id: MoreThan(after[0]) }) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    const total = await manager.countBy(ApiKeyRow, valid);
    const page = rows.slice(0, limit);
    return { rows: page, total, next: rows.length > limit ? encodeCursor([page.at(-1)!.id]) : undefined };
  });
}

/** True where there was such a key; `organizationId` null: any organisation's. Revoking twice is no error. */
export function revokeApiKey(store: EventStore, organizationId: string | null, id: string): Promise<boolean> {
  return store.transaction(async (manager) => {
    const row = await manager.findOneBy(ApiKeyRow, {
      id,
      ...(organizationId === null ? {} : { organization_id: organizationId }),
    });
    if (row === null) return false;
    const { affected } = await manager.update(ApiKeyRow, { id, revoked_at: IsNull() }, { revoked_at: () => 'now()' });
    const { organization_id, name, role } = row;
    if (affected !== 0)
      await noteChange(manager, {
        organization_id,
        kind: 'api-key',
        id,
        name,
        type: 'ApiKeyRevoked',
        before: { name, role },
        after: null,
      });
    return true;
  });
}
