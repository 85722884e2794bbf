import type { EventStore } from '../event-store/event-store.pg.js';
import { needsZone, spanIn, type GivenSpan, type Span } from '../http/given-time.js';

type Store = Pick<EventStore, 'query'>;

/** An IANA name; UTC where none is set. */
export async function timeZoneOf(store: Store, organizationId: string): Promise<string> {
  const [row] = await store.query<{ time_zone: string }>(
    `select coalesce(state->>'time_zone', 'UTC') as time_zone from organizations where id = $1`,
    [organizationId],
  );
  return row?.time_zone ?? 'UTC';
}

/** A filter with the instants that its days are in the organisation's time zone. Null, all organisations: in UTC. */
export async function inZoneOf<Query extends GivenSpan>(
  store: Store,
  organizationId: string | null,
  query: Query,
): Promise<Omit<Query, keyof Span> & Span> {
  const zone = organizationId !== null && needsZone(query) ? await timeZoneOf(store, organizationId) : 'UTC';
  return { ...query, ...spanIn(zone, query) };
}
