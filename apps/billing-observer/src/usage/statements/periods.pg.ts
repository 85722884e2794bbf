import type { DataSource } from 'typeorm';
import { beginOfDaySql } from '../summary/begin-of-day.js';

/** A month that is not closed. */
export interface Period {
  month: string;
  time_zone: string;
  begins: Date;
  ends: Date;
  closes_at: Date;
  /** Calls that began before the month and entries after this one are its adjustments; null: it has none yet. */
  after_entry: string | null;
}

/** How far back the first statement of an organisation may be; what is older is among its adjustments. */
const FIRST_MONTHS = 24;

const OPEN = `
  WITH zone AS (SELECT coalesce((SELECT time_zone FROM usage_time_zones WHERE organization_id = $1), 'UTC') AS name),
    last AS (SELECT month, ends, through_entry FROM usage_statements WHERE organization_id = $1 ORDER BY month DESC
      LIMIT 1),
    today AS (SELECT date_trunc('month', $2::timestamptz AT TIME ZONE name) AS month FROM zone),
    first AS (SELECT coalesce((SELECT (month || '-01')::timestamp + interval '1 month' FROM last),
      (SELECT date_trunc('month', min(day)::timestamp) FROM usage_days, today WHERE organization_id = $1 AND dimension =
        'all' AND day >= today.month - interval '${FIRST_MONTHS} months' AND day < today.month + interval '1 month'))
      AS month)
  SELECT to_char(open.month, 'YYYY-MM') AS month, name AS time_zone,
    ${beginOfDaySql("(open.month + interval '1 month')", 'name')} AS ends,
    (open.month + interval '1 month' + $3::int * interval '1 day') AT TIME ZONE name AS closes_at,
    CASE WHEN open.month = first.month THEN coalesce((SELECT ends FROM last), ${beginOfDaySql('open.month', 'name')})
      ELSE ${beginOfDaySql('open.month', 'name')} END AS begins,
    CASE WHEN open.month = first.month THEN coalesce((SELECT through_entry FROM last), 0)::text END AS after_entry
  FROM zone, first, today, generate_series(first.month, today.month, interval '1 month') AS open (month)
  ORDER BY open.month`;

/** The months from the last closed one to this one; none for an organisation without calls. */
export const openPeriods = (
  dataSource: DataSource,
  organizationId: string,
  { now, closeDays }: { now: Date; closeDays: number },
): Promise<Period[]> => dataSource.query(OPEN, [organizationId, now, closeDays]);
