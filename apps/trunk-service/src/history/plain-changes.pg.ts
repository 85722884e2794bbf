import type { EventStore } from '../event-store/event-store.pg.js';
import { storedActor, type RecordedChange } from './history-entry.js';
import type { HistoryQueryInZone } from './history-query.js';
import type { HistoryPlace } from './history-place.js';

interface Row extends Omit<RecordedChange, 'time' | 'entity' | 'version'> {
  time: Date;
  kind: RecordedChange['entity']['kind'];
  entity_id: string;
  name: string;
}

/** Of what has no events, newest first; one more than the page has, where there is one. */
export async function plainChangesOf(
  store: Pick<EventStore, 'query'>,
  organizationId: string,
  { query, after }: { query: HistoryQueryInZone; after: HistoryPlace | undefined },
): Promise<RecordedChange[]> {
  // What is undefined is null to PostgreSQL: no filter.
  const { entity, entity_id, type, actor, date_from, date_to, limit } = query;
  const place = [after?.at, after?.position];
  const rows = await store.query<Row>(
    `select id, kind, entity_id, name, type, time, actor, actoraddress, before, after, position::text as position,
       to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
     from plain_changes where organization_id = $1
       and ($2::text is null or kind = $2) and ($3::text is null or entity_id::text = $3)
       and ($4::text is null or type = $4)
       and ($5::timestamptz is null or time >= $5) and ($6::timestamptz is null or time <= $6)
       and ($7::timestamptz is null or (time, position) < ($7, $8::bigint))
       and ($10::text is null or actor = $10)
     order by time desc, position desc limit $9`,
    [
      ...[organizationId, entity, entity_id?.toLowerCase(), type, date_from, date_to, ...place, limit + 1],
      // These changes always name who made them: `unknown` is nobody.
      actor === undefined ? undefined : (storedActor(actor) ?? ''),
    ],
  );
  return rows.map(({ kind, entity_id, name, time, ...rest }) => ({
    ...rest,
    time: time.toISOString(),
    entity: { kind, id: entity_id, name },
    version: null,
  }));
}
