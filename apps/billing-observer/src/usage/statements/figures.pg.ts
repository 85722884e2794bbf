import type { AdjustedEntry, StatementAdjustment, StatementRate } from '@trunkmesh/contracts/usage-statement.js';
import type { EntityManager } from 'typeorm';
import { DIMENSIONS } from '../ledger/count.js';
import { loadPlans } from '../rating/rate-plans.pg.js';
import { beginOfDaySql } from '../summary/begin-of-day.js';
import type { Period } from './periods.pg.js';
import { statementFigures, type Earlier, type MonthSum, type StatementFigures } from './statement.js';

/** A message holds no more. */
const ADJUSTED_ENTRIES = 500;
const SUMS = ['calls', 'answered_calls', 'estimated_calls', 'billable_seconds', 'charged_seconds'];
const GROUPED = `carrier_cost, nullif(currency, '') AS currency, ${SUMS.map(
  (sum) => `sum(${sum})::float8 AS ${sum}`,
).join(', ')}, sum(amount_micros)::text AS amount_micros`;

const OF_DAYS = `
  SELECT dimension, nullif(key, '') AS key, ${GROUPED} FROM (SELECT *, answered AS answered_calls, estimated AS
    estimated_calls FROM usage_days) AS days
  WHERE organization_id = $1 AND dimension <> 'number' AND day >= $2::date AND day < $2::date + interval '1 month'
  GROUP BY dimension, key, carrier_cost, currency HAVING (sum(calls), sum(charged_seconds), sum(amount_micros)) <>
    (0, 0, 0) ORDER BY dimension, key COLLATE "C", carrier_cost, currency`;

/** What an entry counts for. */
const SIGNS = `CASE kind WHEN 'reversal' THEN -1 ELSE 1 END AS calls, CASE WHEN answered_at IS NULL THEN 0 WHEN kind =
  'reversal' THEN -1 ELSE 1 END AS answered_calls, CASE WHEN NOT estimated THEN 0 WHEN kind = 'reversal' THEN -1 ELSE 1
  END AS estimated_calls`;
const OF_LEDGER = `
  SELECT dimension, nullif(key, '') AS key, ${GROUPED} FROM (SELECT trunk_id, number_id, direction, country,
      rate_micros,
      carrier_cost, coalesce(currency, '') AS currency, sum(calls) AS calls, sum(answered_calls) AS answered_calls,
      sum(estimated_calls) AS estimated_calls, sum(billable_seconds) AS billable_seconds, sum(charged_seconds) AS
      charged_seconds, sum(amount_micros) AS amount_micros
    FROM (SELECT *, ${SIGNS} FROM ledger_entries
      WHERE organization_id = $1 AND started_at >= $2 AND started_at < $3 AND entry_id <= $4::bigint) AS entry
    GROUP BY 1, 2, 3, 4, 5, 6, 7) AS alike CROSS JOIN LATERAL ${DIMENSIONS}
  WHERE dimension <> 'number' GROUP BY dimension, key, carrier_cost, currency
  HAVING (sum(calls), sum(charged_seconds), sum(amount_micros)) <> (0, 0, 0)
  ORDER BY dimension, key COLLATE "C", carrier_cost, currency`;

/** Entries of earlier months that no statement has yet, each with the month that it belongs to. */
const ADJUSTING = `
  WITH adjusting AS MATERIALIZED (SELECT entry.entry_id, kind, corrects, coalesce(reason, 'late-call') AS reason,
      coalesce(statement.month, to_char(started_at AT TIME ZONE $5, 'YYYY-MM')) AS month, call_id, started_at,
      carrier_cost, coalesce(currency, '') AS currency, rate_micros, ${SIGNS}, billable_seconds,
      charged_seconds, amount_micros
    FROM ledger_entries AS entry LEFT JOIN usage_statements AS statement ON statement.organization_id =
      entry.organization_id AND started_at >= statement.begins AND started_at < statement.ends
    WHERE entry.organization_id = $1 AND started_at < $2 AND entry_id > $3::bigint AND entry_id <= $4::bigint)`;
const ADJUSTMENTS = `${ADJUSTING} SELECT month, reason, ${GROUPED} FROM adjusting
  GROUP BY month, reason, carrier_cost, currency ORDER BY month, reason, carrier_cost, currency`;
const ADJUSTED_RATES = `${ADJUSTING} SELECT month, currency, rate_micros::text AS rate_per_minute_micros,
    sum(charged_seconds)::float8 AS charged_seconds, sum(amount_micros)::text AS amount_micros
  FROM adjusting WHERE currency <> '' GROUP BY month, currency, rate_micros
  HAVING (sum(charged_seconds), sum(amount_micros)) <> (0, 0) ORDER BY month, currency, rate_micros`;
const ENTRIES = `${ADJUSTING} SELECT entry_id::text, kind, corrects::text, reason, call_id,
    to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS started_at, carrier_cost,
    nullif(currency, '') AS currency, charged_seconds::float8, amount_micros::text, count(*) OVER ()::int AS total
  FROM adjusting ORDER BY adjusting.entry_id LIMIT ${ADJUSTED_ENTRIES}`;

/** `throughEntry`: for a month that is closed with it; null: of all that is there, from the aggregates. */
export async function figuresOf(
  tx: EntityManager,
  organizationId: string,
  { period, throughEntry }: { period: Period; throughEntry: string | null },
): Promise<StatementFigures> {
  const { month, begins, ends, after_entry, time_zone } = period;
  const sums: MonthSum[] =
    throughEntry === null
      ? await tx.query(OF_DAYS, [organizationId, `${month}-01`])
      : await tx.query(OF_LEDGER, [organizationId, begins, ends, throughEntry]);
  const range = [organizationId, begins, after_entry, throughEntry ?? LAST_ENTRY, time_zone];
  const find = <Row>(sql: string): Promise<Row[]> =>
    after_entry === null ? Promise.resolve([]) : tx.query(sql, range);
  const entries = await find<AdjustedEntry & { total: number }>(ENTRIES);
  const adjustedRates = await find<StatementRate>(ADJUSTED_RATES);
  const earlier = after_entry === null ? NOTHING : await earlierOf(tx, organizationId);
  const months = [month, ...[...earlier.rates, ...earlier.free, ...adjustedRates].map((each) => each.month)];
  return statementFigures({
    month,
    sums,
    adjustments: await find<StatementAdjustment>(ADJUSTMENTS),
    adjustedRates,
    adjustedEntries: entries.map(({ total: _total, ...entry }) => entry),
    adjustedEntriesTotal: entries[0]?.total ?? 0,
    earlier,
    plans: (await loadPlans(tx, [organizationId])).get(organizationId) ?? [],
    bounds: await boundsOf(tx, [...new Set(months)], time_zone),
  });
}

const LAST_ENTRY = '9223372036854775807';
const NOTHING: Earlier = { rates: [], free: [] };

async function earlierOf(tx: EntityManager, organizationId: string): Promise<Earlier> {
  const [row] = (await tx.query(
    `SELECT coalesce(jsonb_agg(rate) FILTER (WHERE rate IS NOT NULL), '[]') AS rates,
      (SELECT coalesce(jsonb_agg(free), '[]') FROM usage_statements, jsonb_array_elements(statement::jsonb ->
        'free_minutes') AS free WHERE organization_id = $1) AS free
    FROM usage_statements, jsonb_array_elements(statement::jsonb -> 'rates') AS rate WHERE organization_id = $1`,
    [organizationId],
  )) as [Earlier];
  return row;
}

async function boundsOf(tx: EntityManager, months: readonly string[], timeZone: string) {
  const rows: { month: string; begins: Date; ends: Date }[] = await tx.query(
    `SELECT month, ${beginOfDaySql('first', '$2')} AS begins,
      ${beginOfDaySql("(first + interval '1 month')", '$2')} AS ends
    FROM (SELECT month, (month || '-01')::timestamp AS first FROM unnest($1::text[]) AS month) AS months`,
    [months, timeZone],
  );
  return new Map(rows.map(({ month, ...bounds }) => [month, bounds]));
}
