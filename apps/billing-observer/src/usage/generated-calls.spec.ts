import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { EPOCH } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../call-log/call-log.fixture.js';
import { rowsOf } from '../carrier-bill/cursor.pg.js';
import { createDataSource } from '../database.pg.js';
import { BEGIN, GeneratedCalls, randomFrom, SPAN_MS, ZONE } from './generated-calls.fixture.js';
import { asEvent, counted, planOf, summed, type Plan } from './generated-oracle.fixture.js';
import { applyPlans } from './rating/rate-plans.pg.js';
import { settle } from './rating/settle.pg.js';
import { rebuildUsage } from './summary/recount.pg.js';
import { applyTimeZones } from './summary/time-zones.pg.js';

/** A million with USAGE_CALLS=1000000. */
const CALLS = Number(process.env['USAGE_CALLS'] ?? 5_000);
const SEED = Number(process.env['USAGE_SEED'] ?? 20261129);
/** How often the connections of all copies are ended in the middle of a batch, as when the observer is killed. */
const KILLS = 20;
const PLAN_CHANGES = 8;
const LARGEST_BATCH = 500;
const POOL_SIZE = 4;

const random = randomFrom(SEED);
let postgres: Postgres;
let operator: pg.Client;
let copies: DataSource[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  const { url, db } = await freshDatabase(postgres);
  copies = [db, await createDataSource(url).initialize()];
  operator = new pg.Client({ connectionString: postgres.url });
  await operator.connect();
}, 60_000);
afterAll(async () => {
  await operator?.end();
  await Promise.all(copies.map((copy) => copy.destroy()));
  await postgres?.stop();
});

describe('generated calls with repetitions, disorder, gaps, estimates, changes of plans and kills', () => {
  const calls = new GeneratedCalls(CALLS, SEED);
  const plans: Plan[] = [];
  const settleAll = async () => {
    for (const copy of copies) await settle(copy, { now: () => new Date('2026-12-10T00:00:00.000Z') });
  };

  it('are all recorded', async () => {
    await applyTimeZones(copies[0]!, [{ organization_id: ZONE.organization, version: 1, time_zone: ZONE.name }]);
    const { arrivals } = calls;
    const size = Math.min(LARGEST_BATCH, Math.floor(arrivals.length / (1.5 * KILLS)));
    const kills = places(KILLS, arrivals.length);
    const changes = places(PLAN_CHANGES, arrivals.length);
    for (let at = 0; at < arrivals.length;) {
      const batch = arrivals.slice(at, (at += 1 + random.below(size))).map((arrival) => calls.event(arrival));
      if (kills.reached(at)) await killed(batch);
      // Two copies are given the same part: JetStream has delivered it again.
      if (random.chance(0.1)) await Promise.all(copies.map((copy) => record(copy, batch)));
      else await record(random.of(copies), batch);
      if (changes.reached(at)) await changePlan();
    }
    // The stream is read once more from somewhere on.
    const again = arrivals.slice(-LARGEST_BATCH).map((arrival) => calls.event(arrival));
    await record(copies[1]!, again.toReversed());
    await settleAll();
    expect([kills.passed(), changes.passed()]).toEqual([KILLS, PLAN_CHANGES]);
    expect(await copies[0]!.query('SELECT count(*)::int FROM unreadable')).toEqual([{ count: 0 }]);
  }, 3_600_000);

  async function changePlan(): Promise<void> {
    const before = random.chance(0.4) ? plans.splice(random.below(plans.length), 1)[0] : undefined;
    const plan = planOf(random, before ?? { from: BEGIN + random.below(SPAN_MS), version: 0 });
    plans.push(plan);
    await applyPlans(random.of(copies), [asEvent(plan)]);
    if (random.chance(0.7)) await settleAll();
  }

  it('every call is what the oracle says, to the micro-unit and the millisecond', async () => {
    const differences: unknown[] = [];
    const runner = copies[0]!.createQueryRunner();
    await runner.startTransaction();
    const rows = rowsOf<{ line: string }>(runner, { name: 'found', sql: FOUND, parameters: [] });
    for (const call of calls.truth()) {
      const expected = expectedLine(call, plans);
      const found = await rows.next();
      if (found.done === true || found.value.line !== expected) differences.push([found.value, expected]);
      if (differences.length > 5) break;
    }
    expect(differences).toEqual([]);
    expect((await rows.next()).done).toBe(true);
    await runner.rollbackTransaction();
    await runner.release();
  }, 1_200_000);

  it('the sums by day are those of the oracle, and the same when made again', async () => {
    const sums = () =>
      copies[0]!.query(
        `SELECT organization_id AS organization, day::text, currency, calls::int, estimated::int, amount_micros::text AS
          amount FROM usage_days WHERE dimension = 'all' AND (calls, amount_micros) <> (0, 0) ORDER BY 1, 2, 3`,
      );
    const expected = summed(calls.truth(), plans);
    expect(await sums()).toEqual(expected);
    await rebuildUsage(copies[0]!, { signal: new AbortController().signal, progress: () => undefined });
    expect(await sums()).toEqual(expected);
  }, 1_200_000);

  it('the gaps are exactly the records that never came', async () => {
    const [row] = (await copies[0]!.query('SELECT missing FROM bridge_progress WHERE bridge_epoch = $1', [EPOCH])) as [
      { missing: [number, number][] },
    ];
    const missing = row.missing.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_n, at) => from + at));
    expect(missing).toEqual([...calls.lost].sort((a, b) => a - b));
  });
});

/** So many places, evenly among so many arrivals. */
function places(count: number, arrivals: number) {
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

/** All copies lose their connections at any moment while they record a batch; it is delivered again afterwards. */
async function killed(batch: readonly CallEnded[]): Promise<void> {
  const recording = Promise.allSettled(copies.map((copy) => record(copy, batch)));
  await sleep(random.below(40));
  await operator.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'billing-observer'",
  );
  await recording;
  // Each pool notices, which takes it a moment, that its connections are gone.
  const usable = (copy: DataSource) => Promise.all(Array.from({ length: POOL_SIZE }, () => copy.query('SELECT 1')));
  await eventually(() =>
    Promise.all(copies.map(usable)).then(
      () => true,
      () => false,
    ),
  );
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
const micros = (time: string) => time.replace('Z', '000Z');

function expectedLine(call: CallEnded, plans: readonly Plan[]): string {
  const { data } = call;
  const { seconds, charged, amount } = counted(call, plans);
  const answered = data.answered_at === null ? '-' : micros(data.answered_at);
  const times = [micros(data.started_at), answered, micros(data.ended_at)];
  const estimated = data.reconstructed ? 't' : 'f';
  return [data.call_id, 1, data.billable_ms, seconds, charged, amount, ...times, data.record_number, estimated].join(
    ' ',
  );
}
