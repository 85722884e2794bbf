import type {
  UsageGroup,
  UsageSummaryAnswer,
  UsageSummaryGroup,
  UsageSummaryQuery,
} from '@trunkmesh/contracts/usage-query.js';
import type { DataSource } from 'typeorm';
import { missingRecords } from '../gaps.pg.js';
import { loadPlans } from '../rating/rate-plans.pg.js';
import { beginOfDaySql } from '../summary/begin-of-day.js';
import { freeMinutes, planOfMonth, type RateSum } from '../summary/free-minutes.js';

type Summary = Extract<UsageSummaryAnswer, { outcome: 'summary' }>;

/** Which sums of a day, and what of them makes a group. */
const GROUPS: Record<UsageGroup, { dimension: string; key: string }> = {
  day: { dimension: 'all', key: 'day::text' },
  month: { dimension: 'all', key: "to_char(day, 'YYYY-MM')" },
  trunk: { dimension: 'trunk', key: 'key' },
  number: { dimension: 'number', key: 'key' },
  direction: { dimension: 'direction', key: 'key' },
  country: { dimension: 'country', key: 'key' },
};

interface Range {
  from: string;
  to: string;
  time_zone: string;
}

/** From the aggregates alone: the ledger is not read. */
export async function summarize(dataSource: DataSource, query: UsageSummaryQuery): Promise<Summary> {
  const range = await rangeOf(dataSource, query);
  const groups = await groupsOf(dataSource, query, range);
  if (query.by === 'month') await takeFreeMinutes(dataSource, { groups, range, organizationId: query.organization_id });
  const until = `${range.to}T23:59:59.999`;
  const missing = await missingRecords(dataSource, { from: range.from, until, timeZone: range.time_zone });
  return { outcome: 'summary', by: query.by, ...range, ...missing, groups, next: nextOf(groups, query) };
}

function groupsOf(dataSource: DataSource, query: UsageSummaryQuery, range: Range): Promise<UsageSummaryGroup[]> {
  const { dimension, key } = GROUPS[query.by];
  const { after = { key: null, currency: '', carrier_cost: '' } } = query;
  return dataSource.query(
    `SELECT nullif(key, '') AS key, nullif(currency, '') AS currency, carrier_cost, calls::float8,
      answered_calls::float8, estimated_calls::float8, billable_seconds::float8, charged_seconds::float8,
      amount_micros::text, NULL AS free_seconds, NULL AS free_amount_micros
    FROM (SELECT ${key} COLLATE "C" AS key, currency COLLATE "C" AS currency, carrier_cost COLLATE "C" AS carrier_cost,
        sum(calls) AS calls, sum(answered) AS answered_calls, sum(estimated) AS estimated_calls,
        sum(billable_seconds) AS billable_seconds, sum(charged_seconds) AS charged_seconds,
        sum(amount_micros) AS amount_micros
      FROM usage_days WHERE organization_id = $1 AND dimension = $2 AND day BETWEEN $3 AND $4
        AND carrier_cost = coalesce($8, carrier_cost) GROUP BY 1, 2, 3) AS sums
    WHERE (calls, charged_seconds, amount_micros) <> (0, 0, 0)
      AND ($5::text IS NULL OR (key, currency, carrier_cost) > ($5, $6, $7))
    ORDER BY sums.key, sums.currency, sums.carrier_cost LIMIT ${query.limit}`,
    [
      ...[query.organization_id, dimension, range.from, range.to],
      ...[after.key, after.currency, after.carrier_cost, query.carrier_cost ?? null],
    ],
  );
}

function nextOf(groups: readonly UsageSummaryGroup[], { limit }: UsageSummaryQuery): Summary['next'] {
  const last = groups.length === limit ? groups.at(-1) : undefined;
  if (last === undefined) return null;
  return { key: last.key ?? '', currency: last.currency ?? '', carrier_cost: last.carrier_cost };
}

/** By month, only whole months: their free minutes are theirs as a whole. */
async function rangeOf(dataSource: DataSource, { organization_id, by, from, to }: UsageSummaryQuery): Promise<Range> {
  const months = by === 'month';
  const [range] = (await dataSource.query(
    `WITH zone AS (SELECT coalesce((SELECT time_zone FROM usage_time_zones WHERE organization_id = $1), 'UTC') AS name),
      today AS (SELECT (now() AT TIME ZONE name)::date AS day FROM zone),
      wanted AS (SELECT coalesce($2::date, date_trunc('month', day) - CASE WHEN $4 THEN interval '11 months' ELSE
        interval '0' END) AS first, coalesce($3::date, day) AS last FROM today)
    SELECT name AS time_zone,
      (CASE WHEN $4 THEN date_trunc('month', first) ELSE first END)::date::text AS from,
      (CASE WHEN $4 THEN date_trunc('month', last) + interval '1 month' - interval '1 day' ELSE last END)::date::text
        AS to FROM zone, wanted`,
    [organization_id, from ?? null, to ?? null, months],
  )) as [Range];
  return { from: range.from, to: range.to, time_zone: range.time_zone };
}

interface Month {
  month: string;
  begins: Date;
  ends: Date;
}
type RateRow = { month: string; currency: string } & Record<keyof RateSum, string>;

async function takeFreeMinutes(
  dataSource: DataSource,
  { groups, range, organizationId }: { groups: UsageSummaryGroup[]; range: Range; organizationId: string },
): Promise<void> {
  const plans = (await loadPlans(dataSource.manager, [organizationId])).get(organizationId) ?? [];
  const months: Month[] = await dataSource.query(
    `SELECT to_char(month, 'YYYY-MM') AS month, ${beginOfDaySql('month', '$2')} AS begins,
      ${beginOfDaySql("(month + interval '1 month')", '$2')} AS ends
    FROM (SELECT (wanted || '-01')::timestamp AS month FROM unnest($1::text[]) AS wanted) AS months`,
    [[...new Set(groups.map((group) => group.key))], range.time_zone],
  );
  const rates: RateRow[] = await dataSource.query(
    `SELECT to_char(day, 'YYYY-MM') AS month, currency, key AS rate_micros,
      sum(charged_seconds)::text AS charged_seconds, sum(amount_micros)::text AS amount_micros
    FROM usage_days WHERE organization_id = $1 AND dimension = 'rate' AND day BETWEEN $2 AND $3 AND currency <> ''
    GROUP BY 1, 2, 3`,
    [organizationId, range.from, range.to],
  );
  for (const group of groups) {
    const month = months.find((each) => each.month === group.key)!;
    const plan = planOfMonth(plans, month);
    const ofGroup = rates.filter((rate) => rate.month === group.key && rate.currency === (group.currency ?? ''));
    const minutes = plan?.currency === group.currency ? (plan?.free_minutes_per_month ?? 0) : 0;
    const free = freeMinutes(minutes, ofGroup.map(rateSum));
    group.free_seconds = Number(free.seconds);
    group.free_amount_micros = String(free.amount_micros);
  }
}

const rateSum = (row: RateRow): RateSum => ({
  rate_micros: BigInt(row.rate_micros),
  charged_seconds: BigInt(row.charged_seconds),
  amount_micros: BigInt(row.amount_micros),
});
