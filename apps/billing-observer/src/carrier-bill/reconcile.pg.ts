import type { DataSource, QueryRunner } from 'typeorm';
import { countOurs, ourCalls, periodOf, reachOf, shiftVotes, theirCalls, type Comparison } from './both-sides.pg.js';
import { completeFrom } from '../usage/archive/archived.pg.js';
import { callGroups } from './call-groups.js';
import { attributed, type FailedAttempt } from './failed-attempts.js';
import { attemptsNear } from './failed-attempts.pg.js';
import { Findings, type FoundDifference } from './findings.js';
import { LeftCalls } from './left-calls.pg.js';
import { notesOf } from './notes.js';
import { MOST_TOLERANCE, timeShift } from './time-shift.js';

const DIFFERENCES_AT_ONCE = 1_000;
const PROGRESS_EVERY_MS = 1_000;
const LEASE_BEAT_MS = 20_000;
/** A worker that says nothing for so long is dead, and another one takes its work. */
const LEASE = "interval '1 minute'";

/** Of copies that died with it, and of a database that could not. */
export const MOST_ATTEMPTS = 5;

/** Somebody stopped or deleted it, or another worker has it. */
export class Taken extends Error {
  override readonly name = 'Taken';
}

/** The oldest one that nobody compares, and that has not failed too often. */
export async function claimReconciliation(db: DataSource, worker: string): Promise<Comparison | undefined> {
  const [[job]] = (await db.query(
    `UPDATE reconciliations SET worker = $1, lease_until = now() + ${LEASE}, done = 0, attempts =
      attempts + 1 WHERE id = (SELECT id FROM
      reconciliations WHERE status = 'matching' AND (lease_until IS NULL OR lease_until < now()) AND attempts <
      ${MOST_ATTEMPTS} ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization_id, trunk_ids, tolerance_seconds, time_is, period_from, period_to, rows::float8,
      coalesce(first_at, 0)::float8 AS first_at, coalesce(last_at, 0)::float8 AS last_at`,
    [worker],
  )) as [Comparison[]];
  return job;
}

interface Work {
  db: DataSource;
  job: Comparison;
  worker: string;
}

/**
 * Compares the file with the ledger as both are at one moment, and keeps what differs. What an earlier attempt wrote is
 * removed first.
 *
 * @throws Taken, MonthArchived
 */
export async function reconcile(work: Work, signal: AbortSignal): Promise<void> {
  const { db, job } = work;
  await db.query('DELETE FROM carrier_differences WHERE reconciliation_id = $1', [job.id]);
  const runner = db.createQueryRunner();
  const beat = setInterval(() => void renewLease(work).catch(() => undefined), LEASE_BEAT_MS);
  let cancel = () => undefined as void;
  try {
    await runner.startTransaction('REPEATABLE READ');
    const [{ pid }] = (await runner.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
    // Sorting a month takes the database longer than a service may take to stop.
    cancel = () => void db.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
    signal.addEventListener('abort', cancel);
    const shift = await shiftOf(runner, job);
    if (job.rows > 0) await checkMonths(runner, job, shift);
    const findings = new Findings(job.tolerance_seconds, periodOf(job, shift));
    if (job.rows > 0) await compare({ ...work, runner, shift, findings }, signal);
    await finish(work, { findings, shift });
  } finally {
    clearInterval(beat);
    signal.removeEventListener('abort', cancel);
    await runner.rollbackTransaction();
    await runner.release();
  }
}

const renewLease = ({ db, job, worker }: Work): Promise<unknown> =>
  db.query(`UPDATE reconciliations SET lease_until = now() + ${LEASE} WHERE id = $1 AND worker = $2`, [job.id, worker]);

async function shiftOf(runner: QueryRunner, job: Comparison): Promise<number> {
  if (job.rows === 0 || job.tolerance_seconds > MOST_TOLERANCE) return 0;
  const { votes, rows } = await shiftVotes(runner, job);
  return timeShift(votes, rows);
}

/** @throws MonthArchived */
async function checkMonths(runner: QueryRunner, job: Comparison, shift: number): Promise<void> {
  const { from, to } = reachOf(job, shift);
  const [begins, ends] = [from, to].map((second) => new Date(second * 1_000).toISOString());
  await completeFrom(runner.manager, { organizationId: job.organization_id, from: begins, to: ends });
}

type Comparing = Work & { runner: QueryRunner; shift: number; findings: Findings };

/** By both numbers first. What is left is compared by the called number alone, where one side has no caller. */
async function compare(comparing: Comparing, signal: AbortSignal): Promise<void> {
  const { runner, job, shift, findings } = comparing;
  const total = job.rows + (await countOurs(runner, job, shift));
  const differences = new KeptDifferences(comparing);
  const left = await LeftCalls.in(runner);
  let done = 0;
  let told = 0;
  const progress = async (compared: number) => {
    done += compared;
    if (performance.now() - told < PROGRESS_EVERY_MS) return;
    signal.throwIfAborted();
    await tell(comparing, done, total);
    told = performance.now();
  };
  const all = callGroups(ourCalls(runner, job, shift), theirCalls(runner, job, shift), job.tolerance_seconds);
  for await (const group of all) {
    const taken = findings.take(group);
    await differences.add(taken.found);
    await left.add(taken.left);
    await progress(group.ours.length + group.theirs.length);
  }
  const sides = await left.sides();
  for await (const group of callGroups(sides.ours, sides.theirs, job.tolerance_seconds)) {
    await differences.add(findings.takeLeft(group));
    await progress(0);
  }
  await differences.flush();
  await tell(comparing, done, total);
}

/** Differences on their way into the database, with the attempts that lines bill. */
class KeptDifferences {
  private waiting: FoundDifference[] = [];
  private readonly taken = new Set<string>();

  constructor(private readonly comparing: Comparing) {}

  async add(found: readonly FoundDifference[]): Promise<void> {
    this.waiting.push(...found);
    while (this.waiting.length >= DIFFERENCES_AT_ONCE) await this.keep(this.waiting.splice(0, DIFFERENCES_AT_ONCE));
  }

  async flush(): Promise<void> {
    if (this.waiting.length > 0) await this.keep(this.waiting.splice(0));
  }

  private async keep(some: readonly FoundDifference[]): Promise<void> {
    const { db, job, shift } = this.comparing;
    await attributeAttempts({ ...this.comparing, taken: this.taken }, some);
    await keepDifferences(db, { id: job.id, shift }, some);
  }
}

interface Attributing {
  runner: QueryRunner;
  job: Comparison;
  findings: Findings;
  /** Attempts that another line bills. */
  taken: Set<string>;
}

/** Names the attempts that were not answered, where lines without a cause bill them. */
async function attributeAttempts(
  { runner, job, findings, taken }: Attributing,
  found: readonly FoundDifference[],
): Promise<void> {
  const lines = found.flatMap((difference) =>
    difference.kind === 'only-theirs' && difference.cause === null && difference.theirs !== null
      ? [{ ...difference.theirs, difference }]
      : [],
  );
  if (lines.length === 0) return;
  const keyOf = ({ call_id, began }: FailedAttempt) => `${call_id} ${began}`;
  const attempts = (await attemptsNear(runner, job, lines)).filter((attempt) => !taken.has(keyOf(attempt)));
  for (const [{ difference }, attempt] of attributed(lines, attempts, job)) {
    findings.attribute(difference, attempt);
    taken.add(keyOf(attempt));
  }
}

/** @throws Taken */
async function tell({ db, job, worker }: Work, done: number, total: number): Promise<void> {
  const [, count] = (await db.query(
    `UPDATE reconciliations SET done = $3, total = $4, lease_until = now() + ${LEASE}, changed_at = now()
    WHERE id = $1 AND worker = $2 AND status = 'matching'`,
    [job.id, worker, done, total],
  )) as [unknown, number];
  if (count === 0) throw new Taken();
}

/** @throws Taken */
async function finish(
  { db, job, worker }: Work,
  { findings, shift }: { findings: Findings; shift: number },
): Promise<void> {
  const [, count] = (await db.query(
    `UPDATE reconciliations SET status = 'done', time_shift_seconds = $3, groups = $4, notes = $5, finished_at = now(),
      changed_at = now(), lease_until = NULL WHERE id = $1 AND worker = $2 AND status = 'matching'`,
    [
      job.id,
      worker,
      shift,
      JSON.stringify(findings.groups()),
      JSON.stringify(notesOf(findings, { rows: job.rows, shift })),
    ],
  )) as [unknown, number];
  if (count === 0) throw new Taken();
}

/** @throws Taken */
export async function fail({ db, job, worker }: Work, problem: string): Promise<void> {
  const [, count] = (await db.query(
    `UPDATE reconciliations SET status = 'failed', problem = $3, finished_at = now(), changed_at = now(), lease_until =
      NULL WHERE id = $1 AND worker = $2 AND status = 'matching'`,
    [job.id, worker, problem],
  )) as [unknown, number];
  if (count === 0) throw new Taken();
}

type Value = (difference: FoundDifference, shift: number) => unknown;
const COLUMNS: readonly (readonly [name: string, type: string, value: Value])[] = [
  ['kind', 'text', ({ kind }) => kind],
  ['cause', 'text', ({ cause }) => cause],
  ['call_id', 'uuid', ({ ours, attempt }) => ours?.call_id ?? attempt?.call_id],
  ['trunk_id', 'uuid', ({ ours, attempt }) => ours?.trunk_id ?? attempt?.trunk_id],
  ['from_number', 'text', ({ ours, theirs }) => (ours ?? theirs)!.from_number],
  ['to_number', 'text', ({ ours, theirs }) => (ours ?? theirs)!.to_number],
  ['our_second', 'bigint', ({ ours }) => ours?.second],
  ['our_seconds', 'bigint', ({ ours }) => ours?.seconds],
  ['their_line', 'integer', ({ theirs }) => theirs?.line],
  ['their_reference', 'text', ({ theirs }) => theirs?.reference],
  // As the file says it.
  ['their_second', 'bigint', ({ theirs }, shift) => theirs && theirs.second + shift],
  ['their_seconds', 'bigint', ({ theirs }) => theirs?.seconds],
  ['amount_micros', 'bigint', ({ theirs }) => theirs?.amount_micros?.toString()],
  ['currency', 'text', ({ theirs }) => theirs?.currency],
];
const NAMES = COLUMNS.map(([name]) => name).join(', ');
const GIVEN = COLUMNS.map(([, type], index) => `$${index + 2}::${type}[]`).join(', ');

async function keepDifferences(
  db: DataSource,
  { id, shift }: { id: string; shift: number },
  found: readonly FoundDifference[],
): Promise<void> {
  await db.query(
    `INSERT INTO carrier_differences (reconciliation_id, ${NAMES})
    SELECT $1, given.* FROM unnest(${GIVEN}) AS given (${NAMES})`,
    [id, ...COLUMNS.map(([, , value]) => found.map((difference) => value(difference, shift) ?? null))],
  );
}
