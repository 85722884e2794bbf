import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import type { EventStore } from '../event-store/event-store.pg.js';
import { decodeCursor, encodeCursor } from '../http/page.js';
import { HISTORY_KINDS, historyEntryOf, type HistoryKind } from './history-entry.js';
import { KIND_OF_TYPE } from './history-types.js';
import { subjectOf, type HistoryPage, type HistoryQuery } from './history-query.js';

interface Row {
  position: string;
  at: string;
  envelope: string;
  before: string | null;
}

/**
 * Newest first. Each kind's newest are read through the index of history.migration.ts and merged, so that the number of
 * events does not matter.
 */
export async function historyOf(
  store: Pick<EventStore, 'query'>,
  organizationId: string,
  query: HistoryQuery,
): Promise<HistoryPage> {
  const { text, parameters } = selectionOf(organizationId, query);
  const rows = await store.query<Row>(text, parameters);
  const page = rows.slice(0, query.limit).map((row) => ({
    ...row,
    event: JSON.parse(row.envelope) as AnyEvent,
    previous: row.before === null ? null : (JSON.parse(row.before) as AnyEvent),
  }));
  const names = await keyNames(
    store,
    organizationId,
    page.map(({ event }) => event.actor),
  );
  const last = page.at(-1);
  return {
    items: page.map(({ event, previous }) => historyEntryOf(event, previous, names.get(event.actor ?? '') ?? null)),
    next_cursor: rows.length > query.limit && last ? encodeCursor([last.at, last.position]) : null,
  };
}

function selectionOf(organizationId: string, query: HistoryQuery): { text: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const put = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions: string[] = [];
  const { entity, entity_id, type, date_from, date_to } = query;
  if (entity !== undefined && entity_id !== undefined)
    conditions.push(`subject = ${put(subjectOf(organizationId, entity, entity_id))}`);
  else
    conditions.push(
      `split_part(subject, '.', 3) = ${put(organizationId)}`,
      `split_part(subject, '.', 4) = kind`,
      `subject like 'trunkmesh.org.%'`,
    );
  if (type !== undefined) {
    // The first finds nearly all that it must not, without reading the JSON; the second is right.
    conditions.push(`position(${put(`"type":"${type}"`)} in envelope) > 0`);
    conditions.push(`envelope::json ->> 'type' = ${put(type)}`);
  }
  if (date_from !== undefined) conditions.push(`time >= ${put(date_from)}::timestamptz`);
  if (date_to !== undefined) conditions.push(`time <= ${put(date_to)}::timestamptz`);
  const after = decodeCursor(query.cursor, ['string', 'string']);
  if (after !== undefined)
    conditions.push(
      `(time, position) < (${put(validTime(after[0]))}::timestamptz, ${put(position(after[1]))}::bigint)`,
    );
  const kinds = put(HISTORY_KINDS.filter((kind) => [kind, undefined].includes(entity) && hasType(kind, type)));
  const limit = put(query.limit + 1);
  return {
    parameters,
    text: `
      select page.position::text, page.envelope, before.envelope as before,
        to_char(page.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
      from (
        select found.* from unnest(${kinds}::text[]) as kind cross join lateral (
          select position, subject, version, time, envelope from events where ${conditions.join(' and ')}
          order by time desc, position desc limit ${limit}) as found
        order by time desc, position desc limit ${limit}) as page
      left join events as before on before.subject = page.subject and before.version = page.version - 1
      order by page.time desc, page.position desc`,
  };
}

const hasType = (kind: HistoryKind, type: string | undefined): boolean =>
  type === undefined || KIND_OF_TYPE.get(type) === kind;

/** A cursor is its holder's to change; what is no time or position is before all of them. */
const validTime = (text: string): string =>
  z.iso.datetime().safeParse(text).success ? text : '1970-01-01T00:00:00.000Z';
const position = (text: string): string => (/^\d{1,18}$/.test(text) ? text : '0');

/** Revoked keys too: their rows stay. */
async function keyNames(
  store: Pick<EventStore, 'query'>,
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
