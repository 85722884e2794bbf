import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { StatementTotal } from '@trunkmesh/contracts/usage-statement.js';
import { EPOCH } from '@trunkmesh/testkit/call-events.js';
import type { DataSource } from 'typeorm';
import { rowsOf } from '../carrier-bill/cursor.pg.js';
import type { GeneratedCalls } from './generated-calls.fixture.js';
import { summarize } from './answers/summary-query.pg.js';
import { counted, type Plan } from './generated-oracle.fixture.js';
import type { Month } from './generated-months.fixture.js';
import { ORGANIZATIONS } from './generated-zones.fixture.js';
import { closeMonths } from './statements/close-months.pg.js';

/** So many places, evenly among so many arrivals. */
export function places(count: number, arrivals: number) {
  let passed = 0;
  return {
    passed: () => passed,
    reached: (at: number) => {
      const reached = passed < count && at >= ((passed + 0.5) * arrivals) / count;
      if (reached) passed += 1;
      return reached;
    },
  };
}

const ENOUGH = 5;

/** Calls of which the ledger does not say what the oracle says, and calls that only the ledger has: the first few. */
export async function differencesOf(db: DataSource, calls: GeneratedCalls, plans: readonly Plan[]): Promise<unknown[]> {
  const differences: unknown[] = [];
  const runner = db.createQueryRunner();
  await runner.startTransaction();
  try {
    const rows = rowsOf<{ line: string }>(runner, { name: 'found', sql: FOUND, parameters: [] });
    for (const call of calls.truth()) {
      const expected = expectedLine(call, plans);
      const found = await rows.next();
      if (found.done === true || found.value.line !== expected) differences.push([found.value, expected]);
      if (differences.length > ENOUGH) return differences;
    }
    const more = await rows.next();
    return more.done === true ? differences : [...differences, [more.value, undefined]];
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

/** By organisation, day, carrier and currency, as the oracle's `summed`. */
export const sumsOf = (db: DataSource): Promise<unknown> =>
  db.query(
    `SELECT organization_id AS organization, day::text, carrier_cost AS carrier, currency, calls::int, estimated::int,
      amount_micros::text AS amount
    FROM usage_days WHERE dimension = 'all' AND (calls, amount_micros) <> (0, 0) ORDER BY 1, 2, 3, 4`,
  );

/** What the summary says of each month, as the oracle's `monthly`. */
export async function monthsOf(db: DataSource): Promise<Month[]> {
  const months: Month[] = [];
  for (const organization of ORGANIZATIONS) {
    const asked = { organization_id: organization, by: 'month' as const, from: '2026-01-01', to: '2026-12-31' };
    for (const group of (await summarize(db, { ...asked, limit: 1000 })).groups)
      months.push({
        ...{ organization, month: group.key!, carrier: group.carrier_cost, currency: group.currency ?? '' },
        ...{ calls: group.calls, amount: group.amount_micros, free: group.free_amount_micros! },
      });
  }
  return months.sort(inOrder);
}

const keyOf = ({ organization, month, carrier, currency }: Month) => [organization, month, carrier, currency].join(' ');
const inOrder = (a: Month, b: Month) => (keyOf(a) < keyOf(b) ? -1 : 1);

/** What the closed statements say of each month, as the oracle's `monthly`. */
export async function statedIn(db: DataSource): Promise<Month[]> {
  const closing = { now: new Date('2027-02-01T00:00:00.000Z'), closeDays: 5 };
  await closeMonths(db, { ...closing, signal: new AbortController().signal });
  const months: Month[] = [];
  const rows: { organization: string; month: string; totals: StatementTotal[] }[] = await db.query(
    `SELECT organization_id AS organization, month, statement::jsonb -> 'totals' AS totals FROM usage_statements
    ORDER BY 1, 2`,
  );
  for (const { organization, month, totals } of rows)
    for (const { carrier_cost: carrier, currency, calls, usage_micros: amount, free_micros: free } of totals)
      if (calls > 0) months.push({ organization, month, carrier, currency: currency ?? '', calls, amount, free });
  return months.sort(inOrder);
}

/** The numbers of records that the observer misses. */
export async function gapsOf(db: DataSource): Promise<number[]> {
  const [row] = (await db.query('SELECT missing FROM bridge_progress WHERE bridge_epoch = $1', [EPOCH])) as [
    { missing: [number, number][] },
  ];
  return row.missing.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_n, at) => from + at));
}

const utc = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
/** What all entries of a call come to, and the times and the bridge's number of the one that counts. */
const FOUND = `
  SELECT concat_ws(' ', call_id, calls, ms, seconds, charged, amount, ${utc('current.started_at')},
    coalesce(${utc('answered_at')}, '-'), ${utc('ended_at')}, record_number, estimated, carrier_cost) AS line
  FROM (SELECT call_id, sum(CASE kind WHEN 'reversal' THEN -1 ELSE 1 END) AS calls, sum(billable_ms) AS ms,
      sum(billable_seconds) AS seconds, sum(charged_seconds) AS charged, sum(amount_micros) AS amount
    FROM ledger_entries GROUP BY call_id) AS summed
    JOIN (SELECT call_id, entry.* FROM ledger_calls AS known JOIN LATERAL (SELECT started_at, answered_at, ended_at,
        record_number, estimated, carrier_cost FROM ledger_entries WHERE entry_id = known.entry_id AND started_at =
        known.started_at) AS entry ON true) AS current USING (call_id)
  ORDER BY call_id`;
const micros = (time: string, after: number | null | undefined) =>
  time.replace('Z', `${String(after ?? 0).padStart(3, '0')}Z`);

function expectedLine(call: CallEnded, plans: readonly Plan[]): string {
  const { data } = call;
  const { carrier, seconds, charged, amount } = counted(call, plans);
  const after = data.microseconds;
  const answered = data.answered_at === null ? '-' : micros(data.answered_at, after?.answered_at);
  const times = [micros(data.started_at, after?.started_at), answered, micros(data.ended_at, after?.ended_at)];
  const estimated = data.reconstructed ? 't' : 'f';
  const sums = [1, data.billable_ms, seconds, charged, amount];
  return [data.call_id, ...sums, ...times, data.record_number, estimated, carrier].join(' ');
}
