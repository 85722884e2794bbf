import type { TimeIs } from '@trunkmesh/contracts/carrier-bill.js';
import type { QueryRunner } from 'typeorm';
import { rowsOf } from './cursor.pg.js';
import type { OurCall, Period, TheirCall } from './findings.js';
import { HALF_HOUR, type ShiftVote } from './time-shift.js';

/** What is compared. */
export interface Comparison {
  id: string;
  organization_id: string;
  trunk_ids: string[] | null;
  tolerance_seconds: number;
  time_is: TimeIs;
  period_from: string | null;
  period_to: string | null;
  rows: number;
  first_at: number;
  last_at: number;
}

const SAMPLED_ROWS = 1_000;
/** No time zone is further from another one. */
const FARTHEST_SECONDS = 14 * 3_600;
const DAY_SECONDS = 86_400;

const OUR_TIME: Record<TimeIs, string> = {
  start: 'entry.started_at',
  answer: 'coalesce(entry.answered_at, entry.started_at)',
  end: 'entry.ended_at',
};
/** ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a telephone's keys: callers of some carriers. */
const WORDS_IN_DIGITS = '266696687|7378742833|2562533|8656696|86282452253';
/** The caller's number is not given: empty, zeros, a word without any digit, or a word in digits. */
const WITHHELD = `(from_number !~ '[1-9]' OR from_number ~ '^[+]?1?(${WORDS_IN_DIGITS})$')`;
/** Both databases and JavaScript sort hexadecimal digits alike. */
const KEY = `(md5(CASE WHEN ${WITHHELD} THEN '' ELSE from_number END || ' ' || to_number) COLLATE "C")`;

/**
 * The entries that count now of calls in a period, `$1` organisation, `$2` and `$3` the period, `$4` trunks. Calls over
 * the platform's own carriers are on no bill of the customer's carrier.
 */
const ourRows = (columns: string, time: string) => `
  SELECT ${columns} FROM ledger_entries AS entry
    JOIN ledger_calls AS current ON current.entry_id = entry.entry_id AND current.started_at = entry.started_at
  WHERE entry.organization_id = $1 AND entry.carrier_cost = 'external'
    AND entry.started_at BETWEEN to_timestamp($2::float8 - ${DAY_SECONDS}) AND to_timestamp($3::float8 + ${DAY_SECONDS})
    AND ${time} >= to_timestamp($2::float8) AND ${time} < to_timestamp($3::float8 + 1)
    AND ($4::uuid[] IS NULL OR entry.trunk_id = ANY($4::uuid[]))`;

/** The file's period, or the one that the request named. */
export const periodOf = (job: Comparison, shift: number): Period => ({
  from: job.period_from === null ? job.first_at - shift : Number(job.period_from),
  to: job.period_to === null ? job.last_at - shift : Number(job.period_to),
});

/** Calls of ours that a call in the period may match. */
export const reachOf = (job: Comparison, shift: number): Period => {
  const { from, to } = periodOf(job, shift);
  return {
    from: Math.min(from, job.first_at - shift) - job.tolerance_seconds,
    to: Math.max(to, job.last_at - shift) + job.tolerance_seconds,
  };
};

/** How many half hours later the file's times are than ours, by a sample of its rows. */
export async function shiftVotes(runner: QueryRunner, job: Comparison): Promise<{ votes: ShiftVote[]; rows: number }> {
  const time = OUR_TIME[job.time_is];
  const found: { half_hours: number | null; rows: number }[] = await runner.query(
    `WITH sample AS MATERIALIZED (SELECT line, at, ${KEY} AS key FROM carrier_calls WHERE reconciliation_id = $5
        ORDER BY md5(line::text) LIMIT ${SAMPLED_ROWS}),
      ours AS (${ourRows(`${KEY} AS key, extract(epoch FROM ${time})::float8 AS second`, time)}),
      near AS (SELECT line, at - second AS later, round((at - second) / ${HALF_HOUR})::int AS half_hours FROM sample
        JOIN ours USING (key) WHERE abs(at - second) <= ${FARTHEST_SECONDS})
    SELECT half_hours, count(DISTINCT line)::int AS rows FROM near
      WHERE abs(later - half_hours * ${HALF_HOUR}) <= $6 GROUP BY GROUPING SETS ((half_hours), ())`,
    [
      job.organization_id,
      job.first_at - FARTHEST_SECONDS,
      job.last_at + FARTHEST_SECONDS,
      job.trunk_ids,
      job.id,
      job.tolerance_seconds,
    ],
  );
  const votes = found.filter((row): row is ShiftVote => row.half_hours !== null);
  return { votes, rows: found.find((row) => row.half_hours === null)?.rows ?? 0 };
}

const argumentsOf = (job: Comparison, shift: number) => {
  const { from, to } = reachOf(job, shift);
  return [job.organization_id, from, to, job.trunk_ids];
};

export async function countOurs(runner: QueryRunner, job: Comparison, shift: number): Promise<number> {
  const [row] = (await runner.query(
    ourRows('count(*)::float8 AS calls', OUR_TIME[job.time_is]),
    argumentsOf(job, shift),
  )) as { calls: number }[];
  return row!.calls;
}

/** By key, then by time. */
export function ourCalls(runner: QueryRunner, job: Comparison, shift: number): AsyncGenerator<OurCall> {
  const time = OUR_TIME[job.time_is];
  const columns = `${KEY} AS key, floor(extract(epoch FROM ${time}))::float8 AS second, billable_seconds::float8 AS
    seconds, billable_ms::float8, answered_at IS NOT NULL AS answered, ceil(extract(epoch FROM entry.ended_at -
    entry.started_at))::float8 AS whole_seconds, entry.call_id, trunk_id, from_number, to_number,
    ${WITHHELD} AS withheld`;
  const sql = `${ourRows(columns, time)} ORDER BY key, second, seconds, call_id`;
  return rowsOf<OurCall>(runner, { name: 'ours', sql, parameters: argumentsOf(job, shift) });
}

type TheirRow = Omit<TheirCall, 'amount_micros'> & { amount_micros: string | null };

/** By key, then by time; `shift` is taken off their times. */
export async function* theirCalls(runner: QueryRunner, job: Comparison, shift: number): AsyncGenerator<TheirCall> {
  const sql = `SELECT ${KEY} AS key, (at - $2::bigint)::float8 AS second, seconds::float8, line, reference, from_number,
      to_number, amount_micros::text, currency, ${WITHHELD} AS withheld FROM carrier_calls WHERE reconciliation_id = $1
    ORDER BY key, second, seconds, line`;
  for await (const row of rowsOf<TheirRow>(runner, { name: 'theirs', sql, parameters: [job.id, shift] }))
    yield { ...row, amount_micros: row.amount_micros === null ? null : BigInt(row.amount_micros) };
}
