import { z } from 'zod';
import type { EventStore } from '../event-store/event-store.pg.js';
import { decodeCursor, encodeCursor } from '../http/page.js';
import { timeZoneOf } from '../organization/time-zone.pg.js';
import { availabilityOf, type Interval } from './availability.js';
import type { RegistrationChange, RegistrationsQuery, RegistrationsView } from './registrations-view.js';

type Store = Pick<EventStore, 'query'>;

/** A bridge whose last heartbeat is older is not there any more: presence is noted every few seconds. */
export const LOST = `interval '60 seconds'`;

interface Row extends Omit<RegistrationChange, 'at' | 'until' | 'ended_by' | 'duration_seconds'> {
  event_id: string;
  at: Date;
  next_at: Date | null;
  seen_until: Date | null;
  lost: boolean;
  now: Date;
}

/** What the gateways of a trunk went through. The trunk is the organisation's: that is the caller's to check. */
export async function registrationsOf(
  store: Store,
  trunk: { id: string; organization_id: string },
  query: RegistrationsQuery,
): Promise<RegistrationsView> {
  const rows = await changesOf(store, trunk.id, query);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const time_zone = await timeZoneOf(store, trunk.organization_id);
  return {
    items: page.map(changeOf),
    next_cursor: rows.length > query.limit && last ? encodeCursor([last.at.toISOString(), last.event_id]) : null,
    time_zone,
    availability: await daysOf(store, trunk.id, { time_zone, days: query.days }),
  };
}

function changesOf(store: Store, trunkId: string, { limit, cursor }: RegistrationsQuery): Promise<Row[]> {
  const [at = null, id = null] = decodeCursor(cursor, ['string', 'string']) ?? [];
  return store.query<Row>(
    `with changes as (
       select *, lead(at) over (partition by bridge_id order by at, event_id) as next_at
       from gateway_changes where trunk_id = $1)
     select changes.*, presence.until as seen_until, coalesce(presence.until < now() - ${LOST}, true) as lost,
       now() as now
     from changes left join lateral (
       select max(until) as until from bridge_presence as seen
       where seen.bridge_id = changes.bridge_id) as presence on true
     where present and ($2::timestamptz is null or (at, event_id) < ($2, $3::uuid))
     order by at desc, event_id desc limit $4`,
    [trunkId, validTime(at), validId(id), limit + 1],
  );
}

/** A cursor is its holder's to change. */
const validTime = (text: string | null) =>
  text === null ? null : z.iso.datetime().safeParse(text).success ? text : '1970-01-01T00:00:00.000Z';
const validId = (text: string | null) =>
  text === null || z.uuid().safeParse(text).success ? text : '00000000-0000-0000-0000-000000000000';

function changeOf(row: Row): RegistrationChange {
  const { at, now, bridge_id, state, up, sip_status, sip_phrase, ping } = row;
  const { until, ended_by } = endOf(row);
  return {
    at: at.toISOString(),
    until: until?.toISOString() ?? null,
    ended_by,
    duration_seconds: Math.max(0, Math.round(((until ?? now).getTime() - at.getTime()) / 1000)),
    bridge_id,
    state,
    up,
    sip_status,
    sip_phrase,
    ping,
  };
}

function endOf({ at, next_at, seen_until, lost }: Row): Pick<RegistrationChange, 'ended_by'> & { until: Date | null } {
  if (next_at !== null) return { until: next_at, ended_by: 'change' };
  if (!lost) return { until: null, ended_by: null };
  return { until: seen_until !== null && seen_until > at ? seen_until : at, ended_by: 'bridge-lost' };
}

interface Day {
  date: string;
  begins: Date;
  ends: Date;
}

async function daysOf(
  store: Store,
  trunkId: string,
  { time_zone, days }: { time_zone: string; days: number },
): Promise<RegistrationsView['availability']> {
  const all = await store.query<Day>(
    `select to_char(day, 'YYYY-MM-DD') as date, day at time zone $1 as begins,
       least(now(), (day + interval '1 day') at time zone $1) as ends
     from generate_series(date_trunc('day', now() at time zone $1) - make_interval(days => $2 - 1),
       date_trunc('day', now() at time zone $1), interval '1 day') as day order by day desc`,
    [time_zone, days],
  );
  const changes = await store.query<{ bridge_id: string; at: Date; present: boolean; up: boolean }>(
    'select bridge_id, at, present, up from gateway_changes where trunk_id = $1',
    [trunkId],
  );
  const presence = await presenceOf(store, [...new Set(changes.map(({ bridge_id }) => bridge_id))], all.at(-1)!.begins);
  const intervals = all.map(({ begins, ends }) => ({ from: begins.getTime(), until: ends.getTime() }));
  const facts = { changes: changes.map((change) => ({ ...change, at: change.at.getTime() })), presence };
  return availabilityOf(intervals, facts).map((day, index) => ({ date: all[index]!.date, ...day }));
}

async function presenceOf(store: Store, bridges: readonly string[], since: Date): Promise<Map<string, Interval[]>> {
  const rows = await store.query<{ bridge_id: string; since: Date; until: Date }>(
    'select bridge_id, since, until from bridge_presence where bridge_id = any($1) and until >= $2',
    [bridges, since],
  );
  const presence = new Map<string, Interval[]>(bridges.map((bridge) => [bridge, []]));
  for (const row of rows) presence.get(row.bridge_id)?.push({ from: row.since.getTime(), until: row.until.getTime() });
  return presence;
}
