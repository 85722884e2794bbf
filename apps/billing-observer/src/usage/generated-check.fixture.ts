import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { EPOCH } from '@trunkmesh/testkit/call-events.js';
import type { DataSource } from 'typeorm';
import { rowsOf } from '../carrier-bill/cursor.pg.js';
import type { GeneratedCalls } from './generated-calls.fixture.js';
import { counted, type Plan } from './generated-oracle.fixture.js';

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

/** By organisation, day and currency, as the oracle's `summed`. */
export const sumsOf = (db: DataSource): Promise<unknown> =>
  db.query(
    `SELECT organization_id AS organization, day::text, currency, calls::int, estimated::int, amount_micros::text AS
      amount FROM usage_days WHERE dimension = 'all' AND (calls, amount_micros) <> (0, 0) ORDER BY 1, 2, 3`,
  );

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
    coalesce(${utc('answered_at')}, '-'), ${utc('ended_at')}, record_number, estimated) AS line
  FROM (SELECT call_id, sum(CASE kind WHEN 'reversal' THEN -1 ELSE 1 END) AS calls, sum(billable_ms) AS ms,
      sum(billable_seconds) AS seconds, sum(charged_seconds) AS charged, sum(amount_micros) AS amount
    FROM ledger_entries GROUP BY call_id) AS summed
    JOIN (SELECT call_id, entry.* FROM ledger_calls AS known JOIN LATERAL (SELECT started_at, answered_at, ended_at,
        record_number, estimated FROM ledger_entries WHERE entry_id = known.entry_id AND started_at = known.started_at)
        AS entry ON true) AS current USING (call_id)
  ORDER BY call_id`;
const micros = (time: string, after: number | null | undefined) =>
  time.replace('Z', `${String(after ?? 0).padStart(3, '0')}Z`);

function expectedLine(call: CallEnded, plans: readonly Plan[]): string {
  const { data } = call;
  const { seconds, charged, amount } = counted(call, plans);
  const after = data.microseconds;
  const answered = data.answered_at === null ? '-' : micros(data.answered_at, after?.answered_at);
  const times = [micros(data.started_at, after?.started_at), answered, micros(data.ended_at, after?.ended_at)];
  const estimated = data.reconstructed ? 't' : 'f';
  return [data.call_id, 1, data.billable_ms, seconds, charged, amount, ...times, data.record_number, estimated].join(
    ' ',
  );
}
