import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { nameKey } from '../event-store/name-key.js';
import { lastPerSubject, type Queryable, type ReadModel } from '../event-store/read-model.js';
import type { KnownTotals } from '../event-store/known-totals.js';
import { decodeCursor, encodeCursor } from '../http/page.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { listing, patternOf, type Total } from '../event-store/list-total.pg.js';
import { SEARCHED_TRUNK } from './trunk-search.migration.js';
import { forgetClaims, projectClaims } from './trunk-claims.pg.js';
import { trunkIdOf, type TrunkQuery } from './trunk-query.js';
import { duplicateTrunkName, trunkNotFound } from './trunk.js';

/**
 * The arbiter is the organisation's own trunk: an id that another organisation has violates the primary key, and never
 * changes that other trunk.
 */
const UPSERT = `
  insert into trunks (id, organization_id, name_key, priority, enabled, register, bridge_pool, bridge_id, version,
    state)
  select (state->>'id')::uuid, (state->>'organization_id')::uuid, name_key, (state->>'priority')::int,
    (state->>'enabled')::boolean, (state->>'register')::boolean,
    state->>'bridge_pool', state->>'bridge_id', version, state
  from jsonb_to_recordset($1::jsonb) as row (name_key text, version int, state jsonb)
  on conflict (organization_id, id) do update set
    name_key = excluded.name_key, priority = excluded.priority, enabled = excluded.enabled, register =
      excluded.register,
    bridge_pool = excluded.bridge_pool, bridge_id = excluded.bridge_id, version = excluded.version, state =
      excluded.state`;

async function project(transaction: Queryable, events: readonly AnyEvent[]): Promise<void> {
  const last = lastPerSubject(events);
  const gone = last.filter(({ data }) => data.state === null).map(({ subject }) => idOf(subject));
  // The deletions first: a name that becomes free may be taken in the same transaction.
  if (gone.length > 0) {
    await transaction.query('delete from trunks where id = any($1::uuid[])', [gone]);
    await forgetClaims(transaction, gone);
  }
  const rows = last
    .filter(({ data }) => data.state !== null)
    .map(({ entityversion, data }) => {
      const state = data.state as TrunkState;
      return { name_key: nameKey(state.name), version: entityversion, state };
    });
  if (rows.length === 0) return;
  await transaction.query(UPSERT, [JSON.stringify(rows)]);
  await projectClaims(
    transaction,
    rows.map(({ state }) => state),
  );
}

function idOf(subject: string): string {
  const entity = entityOfSubject(subject);
  if (entity?.kind !== 'trunk') throw new TypeError(`not a trunk's subject: ${subject}`);
  return entity.trunk;
}

export const trunkReadModel: ReadModel = {
  kind: 'trunk',
  tables: ['trunks', 'trunk_claims'],
  project,
  violations: { trunks_name: duplicateTrunkName },
};

export interface TrunkRow {
  version: number;
  state: TrunkState;
}

/**
 * The trunk that a path names; `organizationId` null: of any organisation.
 *
 * @throws DomainError trunk-not-found
 */
export async function findTrunk(store: EventStore, organizationId: string | null, id: string): Promise<TrunkRow> {
  const [row] = await store.query<TrunkRow>(
    'select version, state from trunks where id = $1 and ($2::uuid is null or organization_id = $2)',
    [trunkIdOf(id), organizationId],
  );
  if (row === undefined) throw trunkNotFound();
  return row;
}

const FILTERS = `
  organization_id = $1
  and ($2::boolean is null or enabled = $2)
  and ($3::boolean is null or register = $3)
  and ($4::text is null or state->>'provider' = $4)
  and ($5::text is null or bridge_pool = $5)
  and ($6::text is null or position($6 in name_key) > 0)
  and ($7::text is null or ${SEARCHED_TRUNK} like $7)`;

/** By priority, then by name. */
export async function trunkPage(
  store: EventStore,
  organizationId: string,
  query: TrunkQuery,
  totals: KnownTotals,
): Promise<Total & { rows: TrunkRow[]; next: string | undefined }> {
  const { limit, cursor, enabled, register, provider, bridge_pool, name, q } = query;
  const searched = q && patternOf(nameKey(q));
  const filter = [organizationId, enabled, register, provider, bridge_pool, name && nameKey(name), searched].map(
    (value) => value ?? null,
  );
  const after = decodeCursor(cursor, ['number', 'string']) ?? [null, null];
  const list = listing(store, { totals, search: q !== undefined });
  const [rows, total] = await Promise.all([
    // The page is found in an index alone; only its own rows are read.
    list.rows<TrunkRow & { priority: number; name_key: string }>(
      `select found.version, found.state, found.priority, found.name_key
       from (select id, priority, name_key from trunks where ${FILTERS}
         and ($8::int is null or (priority, name_key) > ($8, $9::text))
         order by priority, name_key limit $10) as page
       join trunks as found using (id) order by page.priority, page.name_key`,
      [...filter, ...after, limit + 1],
    ),
    list.total(`from trunks where ${FILTERS}`, filter),
  ]);
  const page = rows.slice(0, limit);
  const last = page[page.length - 1];
  return {
    ...total,
    rows: page,
    next: rows.length > limit && last ? encodeCursor([last.priority, last.name_key]) : undefined,
  };
}
