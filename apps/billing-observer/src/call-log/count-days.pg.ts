import type { DataSource, EntityManager } from 'typeorm';
import { beginningOf, dayAfter, dayBefore, dayOf } from './call-days.js';
import { COLUMNS, LOCK } from './call-days.pg.js';

/** Later than what is written freely (call-days.pg.ts) by more than a transaction lasts and clocks differ. */
const COUNTED_AFTER = "interval '2 hours'";
/** So many calls are counted in the index within a few milliseconds. */
const MANY_CALLS = 5_000;

export async function hasManyCalls(
  dataSource: DataSource,
  organization_id: string,
  many = MANY_CALLS,
): Promise<boolean> {
  const [row] = (await dataSource.query(
    'SELECT count(*)::int AS calls FROM (SELECT FROM call_log WHERE organization_id = $1 LIMIT $2) AS part',
    [organization_id, many],
  )) as [{ calls: number }];
  return row.calls >= many;
}

const COUNT = `
  INSERT INTO call_log_day_counts (organization_id, filter, value, day, status, direction, calls)
  SELECT $1::uuid, filter, value, $2::date, status, direction, count(*)
  FROM call_log CROSS JOIN LATERAL (VALUES ('', ''), ${COLUMNS.map((name) => `('${name}', ${name}::text)`).join(', ')})
    AS counted (filter, value)
  WHERE organization_id = $1::uuid AND started_at >= $3::timestamptz AND started_at < $4::timestamptz
    AND value IS NOT NULL
  GROUP BY filter, value, status, direction`;

/** Counts the newest past day that is not counted. Returns it; undefined: there is none; `busy`: try again. */
export function countNextDay(dataSource: DataSource, organization_id: string): Promise<string | 'busy' | undefined> {
  return dataSource.transaction(async (tx) => {
    // Without waiting: whoever writes would queue behind, and may be who another writer waits for.
    const [{ locked }] = (await tx.query(`SELECT pg_try_advisory_xact_lock(${LOCK}) AS locked`)) as [
      { locked: boolean },
    ];
    if (!locked) return 'busy';
    const day = await nextDay(tx, organization_id);
    if (day === undefined) return undefined;
    await tx.query('DELETE FROM call_log_day_counts WHERE organization_id = $1 AND day = $2', [organization_id, day]);
    await tx.query(COUNT, [organization_id, day, beginningOf(day), beginningOf(dayAfter(day))]);
    await tx.query('INSERT INTO call_log_days VALUES ($1, $2)', [organization_id, day]);
    return day;
  });
}

/** The newest day with calls that is over and not counted. */
async function nextDay(tx: EntityManager, organization_id: string): Promise<string | undefined> {
  const rows: { day: string }[] = await tx.query(
    'SELECT day::text AS day FROM call_log_days WHERE organization_id = $1',
    [organization_id],
  );
  const counted = new Set(rows.map(({ day }) => day));
  const [{ now }] = (await tx.query(`SELECT now() - ${COUNTED_AFTER} AS now`)) as [{ now: Date }];
  let end = dayOf(now.getTime());
  for (;;) {
    const [row] = (await tx.query(
      `SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM call_log
       WHERE organization_id = $1 AND started_at < $2
       ORDER BY started_at DESC, call_id LIMIT 1`,
      [organization_id, beginningOf(end)],
    )) as { day: string }[];
    if (row === undefined || !counted.has(row.day)) return row?.day;
    end = row.day;
    while (counted.has(end)) end = dayBefore(end);
    end = dayAfter(end);
  }
}
