import type { DataSource } from 'typeorm';
import type { CallDetail, CallLogGet, CallLogQuery } from '@trunkmesh/contracts/call-log.js';
import { callDetail } from './call-detail.js';
import { countedBy, countedDays } from './call-days.pg.js';
import {
  beginningOf,
  placeOf,
  stretchesOf,
  wholeDays,
  type CountedStretch,
  type Place,
  type Stretch,
} from './call-days.js';
import { storableText } from '../storable-text.js';
import { LoggedCallRow } from '../call-log/logged-call-row.pg.js';
import { milliseconds } from './packed-calls.js';
import type { FoundDay, PackedDays } from './packed-days.pg.js';
import { storableTime } from './call-rows.pg.js';
import { readStored, type StoredEvent } from './stored-event.js';

/** `summaries` as they are stored: JSON. */
export interface CallPage {
  summaries: string[];
  total: number;
}

/** Newest first. Without `packedDays` every search reads the index of the list. */
export async function listCalls(
  dataSource: DataSource,
  query: CallLogQuery,
  packedDays?: PackedDays,
): Promise<CallPage> {
  const counted = countedBy(query);
  if (counted === undefined) return searchCalls(dataSource, query, packedDays);
  const days = await countedDays(dataSource, query, counted);
  // Without counted days all of time is one stretch. A page that is not full gives its total.
  if (days.length === 0) return pageOf(dataSource, query);
  const stretches = await counting(dataSource, query, stretchesOf(wholeDays(days, query)));
  const { ranges, skip } = placeOf(stretches, query);
  return {
    summaries: await summariesIn(dataSource, query, { ranges, skip }),
    total: totalOf(stretches),
  };
}

const totalOf = (stretches: readonly CountedStretch[]) => stretches.reduce((sum, { calls }) => sum + calls, 0);

/** Past days are searched in memory, what lies between them in the table. */
async function searchCalls(dataSource: DataSource, query: CallLogQuery, packedDays?: PackedDays): Promise<CallPage> {
  // One call is found by its index.
  const found = query.call_id === undefined ? ((await packedDays?.found(dataSource, query)) ?? []) : [];
  if (found.length === 0) return pageOf(dataSource, query);
  const stretches = await counting(dataSource, query, stretchesOf(found));
  const parts = partsOfPage(stretches, new Map(found.map((day) => [day.day, day])), query);
  const summaries = await Promise.all(
    parts.map((part) =>
      Array.isArray(part)
        ? summariesOf(dataSource, query.organization_id, part)
        : summariesIn(dataSource, { ...query, limit: part.limit }, { ranges: [part.stretch], skip: part.skip }),
    ),
  );
  return { summaries: summaries.flat(), total: totalOf(stretches) };
}

/** Calls by their ids, or a part of a stretch that is searched in the table. */
type PartOfPage = string[] | { stretch: CountedStretch; skip: number; limit: number };

function partsOfPage(
  stretches: readonly CountedStretch[],
  days: ReadonlyMap<string | null, FoundDay>,
  query: CallLogQuery,
): PartOfPage[] {
  const parts: PartOfPage[] = [];
  let [before, missing] = [0, query.limit];
  for (const stretch of stretches) {
    const skip = Math.max(0, query.skip - before);
    const limit = Math.min(missing, stretch.calls - skip);
    before += stretch.calls;
    if (limit <= 0) continue;
    missing -= limit;
    const ids = days.get(stretch.from)?.ids(skip, limit);
    const last = parts.at(-1);
    if (ids === undefined) parts.push({ stretch, skip, limit });
    else if (Array.isArray(last)) last.push(...ids);
    else parts.push(ids);
  }
  return parts;
}

async function summariesOf(dataSource: DataSource, organizationId: string, ids: readonly string[]): Promise<string[]> {
  const rows: { summary: string }[] = await dataSource.query(
    'SELECT summary FROM call_log WHERE call_id = ANY($2::uuid[]) AND organization_id = $1 ' +
      'ORDER BY started_at DESC, call_id',
    [organizationId, ids],
  );
  return rows.map(({ summary }) => summary);
}

async function pageOf(dataSource: DataSource, query: CallLogQuery): Promise<CallPage> {
  const all = { ranges: [{ from: null, to: null }], skip: query.skip };
  const summaries = await summariesIn(dataSource, query, all);
  // A page that is not full is the last one, which says how many there are.
  if (summaries.length < query.limit && (summaries.length > 0 || query.skip === 0))
    return { summaries, total: query.skip + summaries.length };
  const [counted] = await counting(dataSource, query, stretchesOf([]));
  return { summaries, total: counted!.calls };
}

/** `$n` and `$n + 1`: the beginnings and the ends of the stretches. */
const within = (parameter: number) => `FROM unnest($${parameter}::timestamptz[], $${parameter + 1}::timestamptz[])
  WITH ORDINALITY AS stretch (first, last, nth) CROSS JOIN LATERAL`;
const IN_STRETCH = "started_at >= coalesce(first, '-infinity') AND started_at < coalesce(last, 'infinity')";
const endsOf = (stretches: readonly Pick<Stretch, 'from' | 'to'>[]) => [
  stretches.map(({ from }) => from && beginningOf(from)),
  stretches.map(({ to }) => to && beginningOf(to)),
];

/** Counts in the index what is not counted yet. */
async function counting(
  dataSource: DataSource,
  query: CallLogQuery,
  stretches: readonly Stretch[],
): Promise<CountedStretch[]> {
  const open = stretches.filter(({ calls }) => calls === undefined);
  const { where, parameters } = conditionsOf(query);
  const rows: { calls: string }[] = await dataSource.query(
    `SELECT calls ${within(parameters.length + 1)}
      (SELECT count(*) AS calls FROM call_log WHERE ${where} AND ${IN_STRETCH}) AS counted ORDER BY nth`,
    [...parameters, ...endsOf(open)],
  );
  const counts = new Map(open.map((stretch, nth) => [stretch, Number(rows[nth]!.calls)]));
  return stretches.map((stretch) => ({ ...stretch, calls: counts.get(stretch) ?? stretch.calls! }));
}

/** The page is found in the index alone; only its own rows are read. */
async function summariesIn(dataSource: DataSource, query: CallLogQuery, { ranges, skip }: Place): Promise<string[]> {
  if (ranges.length === 0) return [];
  const { where, parameters } = conditionsOf(query);
  const found = `SELECT call_id, started_at FROM call_log WHERE ${where} AND ${IN_STRETCH}`;
  const page = `LIMIT ${query.limit} OFFSET ${skip}`;
  // Each range is in the order of the index; several have to be sorted, and have no more than the page and what is
  // before it.
  const rows: { summary: string }[] = await dataSource.query(
    `
    SELECT summary FROM (SELECT call_id, started_at ${within(parameters.length + 1)}
      (${found} ORDER BY started_at DESC, call_id ${ranges.length === 1 ? page : `LIMIT ${skip + query.limit}`}) AS part
      ${ranges.length === 1 ? '' : `ORDER BY started_at DESC, call_id ${page}`}) AS page
    JOIN call_log AS found USING (call_id) WHERE found.organization_id = $1 ORDER BY page.started_at DESC, call_id`,
    [...parameters, ...endsOf(ranges)],
  );
  return rows.map(({ summary }) => summary);
}

/** `organization_id` is the first, `$1`. */
type Filter = {
  [Name in Exclude<keyof CallLogQuery, 'skip' | 'limit'>]-?: {
    sql: (parameter: string, value: NonNullable<CallLogQuery[Name]>) => string;
    as?: (value: NonNullable<CallLogQuery[Name]>) => unknown;
  };
};

const equals = (column: string) => ({ sql: (parameter: string) => `${column} = ${parameter}` });
const lowerCase = (text: string) => storableText(text).toLowerCase();

const FILTERS: Filter = {
  organization_id: equals('organization_id'),
  status: equals('status'),
  direction: equals('direction'),
  assistant_id: equals('assistant_id'),
  assistant_ids: { sql: (parameter) => `assistant_id = ANY(${parameter}::bigint[])` },
  flow_id: equals('flow_id'),
  trunk_id: equals('trunk_id'),
  number_id: equals('number_id'),
  // Only E.164 begins with a plus: what follows it is a range of an index. Everything else is looked for in each of the
  // organisation's calls.
  customer_phone: {
    sql: (parameter, phone) =>
      phone.startsWith('+') ? `customer_phone ^@ ${parameter}` : `position(${parameter} in lower(customer_phone)) > 0`,
    as: lowerCase,
  },
  call_id: equals('call_id'),
  call_sid: {
    sql: (parameter) => `position(${parameter} in 'ca' || replace(call_id::text, '-', '')) > 0`,
    as: (text) => lowerCase(text).replaceAll('-', ''),
  },
  date_from: { sql: (parameter) => `started_at >= ${parameter}`, as: storableTime },
  date_to: { sql: (parameter) => `started_at <= ${parameter}`, as: storableTime },
  min_duration: { sql: (parameter) => `duration_ms >= ${parameter}::float8`, as: milliseconds },
  max_duration: { sql: (parameter) => `duration_ms <= ${parameter}::float8`, as: milliseconds },
};

function conditionsOf(query: CallLogQuery): { where: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  for (const [name, { sql, as = (value: unknown) => value }] of Object.entries(FILTERS) as [
    keyof Filter,
    { sql: (parameter: string, value: unknown) => string; as?: (value: unknown) => unknown },
  ][]) {
    if (query[name] === undefined) continue;
    parameters.push(as(query[name]));
    conditions.push(sql(`$${parameters.length}`, query[name]));
  }
  return { where: conditions.join(' AND '), parameters };
}

/** No call has so many. Whatever writes more does not fill our memory. */
const MOST_EVENTS = 200;

/** One call of the organisation's, from its events. */
export async function findCall(
  dataSource: DataSource,
  { organization_id, call_id }: CallLogGet,
): Promise<CallDetail | undefined> {
  const rows = await dataSource.getRepository(LoggedCallRow).find({
    select: { event_id: true, envelope: true },
    where: { call_id, organization_id },
    // CallEnded before all others.
    order: { record_number: { direction: 'ASC', nulls: 'LAST' }, event_id: 'ASC' },
    take: MOST_EVENTS,
  });
  const stored = rows
    .map(({ envelope }) => readStored(envelope))
    .filter((event): event is StoredEvent => event !== undefined);
  return callDetail(stored);
}
