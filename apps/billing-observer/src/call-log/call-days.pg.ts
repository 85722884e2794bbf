import type { DataSource, EntityManager } from 'typeorm';
import type { CallLogQuery } from '@trunkmesh/contracts/call-log.js';
import type { CountedDay } from './call-days.js';

/**
 * Past days of an organisation with many calls are counted once, by each column that a list is filtered by. A list then
 * sums its total and passes over whole days, instead of reading each call of the index.
 *
 * A count is right as long as no call of its day changes: whoever writes to a day that could be counted removes the day
 * from `call_log_days` in the same transaction, and holds a lock that counting waits for. Calls that began within the
 * last hour cost nothing: their days are not counted yet.
 */
export const LOCK = "hashtext('call_log_days')";
const WRITTEN_FREELY_MS = 3_600_000;
/** The columns that are counted apart from each other, each by its values. */
export const COLUMNS = ['trunk_id', 'number_id', 'assistant_id', 'flow_id'] as const;
type Column = (typeof COLUMNS)[number];
/** Each is counted with `status` and `direction`. */
const ALWAYS = new Set(['organization_id', 'skip', 'limit', 'status', 'direction', 'date_from', 'date_to']);

interface Counted {
  filter: Column | '';
  values: string[];
}

/** What the days are counted by that this query needs; undefined: they are not counted by that. */
export function countedBy(query: CallLogQuery): Counted | undefined {
  const others = Object.entries(query).filter(([name, value]) => value !== undefined && !ALWAYS.has(name));
  const [first] = others;
  if (first === undefined) return { filter: '', values: [''] };
  if (others.length > 1) return undefined;
  const [name, value] = first;
  const filter = name === 'assistant_ids' ? 'assistant_id' : COLUMNS.find((column) => column === name);
  return filter === undefined
    ? undefined
    : { filter, values: [value].flat().map((each) => String(each).toLowerCase()) };
}

/** In ascending order, days without a call too. */
export function countedDays(
  dataSource: DataSource,
  { organization_id, status, direction }: CallLogQuery,
  { filter, values }: Counted,
): Promise<CountedDay[]> {
  return dataSource.query(
    `SELECT day::text AS day, coalesce(calls, 0)::int AS calls FROM call_log_days LEFT JOIN (
       SELECT day, sum(calls) AS calls FROM call_log_day_counts
       WHERE organization_id = $1 AND filter = $2 AND value = ANY($3::text[])
         AND ($4::text IS NULL OR status = $4) AND ($5::text IS NULL OR direction = $5)
       GROUP BY day) AS counts USING (day)
     WHERE organization_id = $1 ORDER BY call_log_days.day`,
    [organization_id, filter, values, status ?? null, direction ?? null],
  );
}

interface Written {
  organization_id: string | null;
  started_at: string;
}

/** Before calls are written or removed: the days on which they begin, and began, are counted again later. */
export async function forgetDays(tx: EntityManager, calls: readonly Written[]): Promise<void> {
  const free = Date.now() - WRITTEN_FREELY_MS;
  const days = new Map<string, [organization: string, day: string]>();
  for (const { organization_id, started_at } of calls) {
    if (organization_id === null || Date.parse(started_at) > free) continue;
    const day = started_at.slice(0, 10);
    days.set(`${organization_id} ${day}`, [organization_id, day]);
  }
  if (days.size === 0) return;
  await tx.query(`SELECT pg_advisory_xact_lock_shared(${LOCK})`);
  await tx.query(
    'DELETE FROM call_log_days WHERE (organization_id, day) IN (SELECT * FROM unnest($1::uuid[], $2::date[]))',
    [[...days.values()].map(([organization]) => organization), [...days.values()].map(([, day]) => day)],
  );
}
