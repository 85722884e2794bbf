import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import {
  EVENT_KINDS,
  historyEntryOf,
  recordedEvent,
  storedActor,
  type EventKind,
  type RecordedChange,
} from './history-entry.js';
import { byPlace, cursorOf, placeOf, type HistoryPlace } from './history-place.js';
import { subjectOf, type HistoryPage, type HistoryQueryInZone } from './history-query.js';
import { KIND_OF_TYPE } from './history-types.js';
import { plainChangesOf } from './plain-changes.pg.js';

type Store = Pick<EventStore, 'query'>;

interface Wanted {
  query: HistoryQueryInZone;
  after: HistoryPlace | undefined;
}

/** Newest first. */
export async function historyOf(store: Store, organizationId: string, query: HistoryQueryInZone): Promise<HistoryPage> {
  const wanted = { query, after: placeOf(query.cursor) };
  const [events, plainChanges] = await Promise.all([
    eventsOf(store, organizationId, wanted),
    plainChangesOf(store, organizationId, wanted),
  ]);
  const found = [...events, ...plainChanges].sort(byPlace);
  const page = found.slice(0, query.limit);
  const names = await keyNames(
    store,
    organizationId,
    page.map(({ actor }) => actor),
  );
  return {
    items: page.map((change) => historyEntryOf(change, names.get(change.actor ?? '') ?? null)),
    next_cursor: found.length > query.limit ? cursorOf(page.at(-1)!) : null,
  };
}

interface Row extends HistoryPlace {
  envelope: string;
  before: string | null;
}

async function eventsOf(store: Store, organizationId: string, wanted: Wanted): Promise<RecordedChange[]> {
  const { entity, type } = wanted.query;
  const kinds = EVENT_KINDS.filter(
    (kind) => (entity ?? kind) === kind && (type === undefined || KIND_OF_TYPE.get(type) === kind),
  );
  if (kinds.length === 0) return [];
  const { text, parameters } = selectionOf(organizationId, kinds, wanted);
  const rows = await store.query<Row>(text, parameters);
  return rows.map(({ at, position, envelope, before }) =>
    recordedEvent(JSON.parse(envelope) as AnyEvent, before === null ? null : (JSON.parse(before) as AnyEvent), {
      at,
      position,
    }),
  );
}

/**
 * Each kind's newest are read through an index of history.migration.ts and merged, so that the number of events does
 * not matter.
 */
function selectionOf(
  organizationId: string,
  kinds: readonly EventKind[],
  { query, after }: Wanted,
): { text: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const put = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions: string[] = [];
  const { entity_id, type, actor, date_from, date_to } = query;
  if (entity_id !== undefined) conditions.push(`subject = ${put(subjectOf(organizationId, kinds[0]!, entity_id))}`);
  else {
    conditions.push(`split_part(subject, '.', 3) = ${put(organizationId)}`, `subject like 'trunkmesh.org.%'`);
    // A type belongs to one kind and has an index of its own; the actors' index is by kind.
    if (type === undefined || actor !== undefined) conditions.push(`split_part(subject, '.', 4) = kind`);
  }
  if (type !== undefined) conditions.push(`envelope::json ->> 'type' = ${put(type)}`);
  if (actor !== undefined) {
    const stored = storedActor(actor);
    conditions.push(`(envelope::json ->> 'actor') ${stored === null ? 'is null' : `= ${put(stored)}`}`);
  }
  if (date_from !== undefined) conditions.push(`time >= ${put(date_from)}::timestamptz`);
  if (date_to !== undefined) conditions.push(`time <= ${put(date_to)}::timestamptz`);
  if (after !== undefined)
    conditions.push(`(time, position) < (${put(after.at)}::timestamptz, ${put(after.position)}::bigint)`);
  const listed = put(kinds);
  const limit = put(query.limit + 1);
  return {
    parameters,
    text: `
      select page.position::text, page.envelope, before.envelope as before,
        to_char(page.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
      from (
        select found.* from unnest(${listed}::text[]) as kind cross join lateral (
          select position, subject, version, time, envelope from events where ${conditions.join(' and ')}
          order by time desc, position desc limit ${limit}) as found
        order by time desc, position desc limit ${limit}) as page
      left join events as before on before.subject = page.subject and before.version = page.version - 1
      order by page.time desc, page.position desc`,
  };
}

/** Revoked keys too: their rows stay. */
async function keyNames(
  store: Store,
  organizationId: string,
  actors: readonly (string | undefined)[],
): Promise<Map<string, string>> {
  const ids = [...new Set(actors)].filter((actor) => uuid.safeParse(actor).success);
  if (ids.length === 0) return new Map();
  const rows = await store.query<{ id: string; name: string }>(
    'select id, name from api_keys where id = any($1::uuid[]) and organization_id = $2',
    [ids, organizationId],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
