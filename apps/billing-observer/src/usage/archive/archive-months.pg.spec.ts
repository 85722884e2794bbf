import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { usageSummaryQuery } from '@trunkmesh/contracts/usage-query.js';
import { ORG } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import pino from 'pino';
import { from as copyFrom } from 'pg-copy-streams';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../../call-log/call-log.fixture.js';
import {
  beginReconciliation,
  getReconciliation,
  startMatching,
  storeRows,
} from '../../carrier-bill/reconciliation-rows.pg.js';
import { startReconciliationWorker } from '../../carrier-bill/reconciliation-worker.pg.js';
import { carrierCosts } from '../../rate-deck/carrier-costs.pg.js';
import { summarize } from '../answers/summary-query.pg.js';
import { endedAgain, endedAt, setPlan } from '../ledger.fixture.js';
import { lockShared } from '../ledger/lock.pg.js';
import { startProgram } from '../observer.fixture.js';
import { closeMonths } from '../statements/close-months.pg.js';
import { findStatement } from '../statements/statement-query.pg.js';
import { rebuildUsage } from '../summary/recount.pg.js';
import { applyTimeZones } from '../summary/time-zones.pg.js';
import { archiveMonths } from './archive-months.pg.js';
import { completeFrom } from './archived.pg.js';

const JANUARY = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-31T23:59:59.999Z' };
const FILE = 'usage-2026-01.csv.gz';
const OTHER_ORG = '0190a5b2-7c00-7000-8000-0000000000aa';
let postgres: Postgres;
let db: DataSource;
let url: string;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  ({ db, url } = await freshDatabase(postgres));
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-archive-'));
});
afterEach(async () => {
  await db.destroy();
  await rm(folder, { recursive: true });
});

const quietly = (progress: (stage: string, done: number) => void = () => undefined) => ({
  signal: new AbortController().signal,
  progress,
});
const archive = (running = quietly()) =>
  archiveMonths(db, { folder, keepMonths: 6, now: () => new Date('2026-11-29T00:00:00.000Z') }, running);
const close = (day: string) =>
  closeMonths(db, { now: new Date(`${day}T12:00:00.000Z`), closeDays: 5, signal: new AbortController().signal });
const sums = () => db.query('SELECT * FROM usage_days ORDER BY 1, 2, 3, 4, 5, 6');
const calls = async () => {
  const query = usageSummaryQuery.parse({ organization_id: ORG, by: 'month', from: '2026-01-01', to: '2026-12-31' });
  return Object.fromEntries((await summarize(db, query)).groups.map((group) => [group.key, group.calls]));
};
const asked = { now: new Date('2026-12-20T00:00:00.000Z'), closeDays: 5 };
const statement = (month: string) => findStatement(db, { organization_id: ORG, month }, asked);
const missing = () => completeFrom(db, { organizationId: ORG, ...JANUARY });
const loaded = (): Promise<unknown[]> => db.query('SELECT * FROM loaded ORDER BY entry_id');
const partition = async () =>
  ((await db.query("SELECT to_regclass('ledger_entries_2026_01') AS name")) as [{ name: string | null }])[0].name;

/** A carrier's bill of this time, compared by the worker of a copy of the service. */
async function reconciled(from: string, to: string): Promise<unknown> {
  const period = { from: Date.parse(from) / 1_000, to: Date.parse(to) / 1_000 };
  const one = { organization_id: ORG, id: '0190a5b2-7c00-7000-8000-0000000000cc' };
  const format = { name: 'bill.csv', format: 'generic', trunk_ids: null, tolerance_seconds: 30 };
  await beginReconciliation(db, { ask: 'begin', ...one, ...format, time_is: 'start', period });
  const call = { line: 1, reference: null, from: '+15559876543', to: '+15551234567', at: period.from, seconds: 60 };
  await storeRows(db, { ask: 'rows', ...one, rows: [{ ...call, amount_micros: '1', currency: 'USD' }] });
  await startMatching(db, { ask: 'match', ...one, skipped_rows: 0 });
  const worker = startReconciliationWorker(db, pino({ level: 'silent' }));
  try {
    return await eventually(async () => {
      const answer = await getReconciliation(db, one);
      const found = answer.outcome === 'reconciliation' ? answer.reconciliation : undefined;
      return found?.status === 'matching' ? undefined : found;
    });
  } finally {
    await worker.stop();
  }
}

/** The file as a table. */
async function load(file: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('CREATE TABLE loaded (LIKE ledger_entries)');
    const text = gunzipSync(await readFile(join(folder, file)));
    await pipeline(Readable.from([text]), client.query(copyFrom('COPY loaded FROM STDIN (FORMAT csv, HEADER)')));
  } finally {
    await client.end();
  }
}

describe('an old month', () => {
  it('is in a file, gone from the database, and still in every sum and statement', async () => {
    await setPlan(db, 1, { effective_from: '2026-01-01T00:00:00.000Z', free_minutes_per_month: 2 });
    await record(db, [
      endedAt(1, '2026-01-15T10:00:00.000Z'),
      endedAt(2, '2026-01-31T23:30:00.000Z', { from: 'say "no",\r\n=1+1', trunk_id: null }),
      endedAt(3, '2026-01-20T10:00:00.000Z', { reconstructed: true, direction: 'outbound', to: '+4930123456' }),
      endedAt(4, '2026-01-20T10:00:00.000Z', { carrier: 'managed' }),
      endedAt(5, '2026-11-02T10:00:00.000Z'),
    ]);
    await close('2026-11-10');
    const before = { sums: await sums(), january: await statement('2026-01'), calls: await calls() };
    const entries: unknown = await db.query('SELECT * FROM ledger_entries_2026_01 ORDER BY entry_id');

    expect(await archive()).toEqual({ files: [{ name: FILE, entries: 4 }], waiting: [] });
    expect(await partition()).toBeNull();
    await load(FILE);
    expect(await loaded()).toEqual(entries);
    const sha256 = createHash('sha256')
      .update(await readFile(join(folder, FILE)))
      .digest('hex');
    expect(await readFile(join(folder, `${FILE}.sha256`), 'utf8')).toBe(`${sha256}  ${FILE}\n`);
    expect((await stat(join(folder, FILE))).mode & 0o777).toBe(0o600);
    expect(await db.query('SELECT file, sha256, entries FROM usage_archives')).toEqual([
      { file: FILE, sha256, entries: '4' },
    ]);

    expect(await sums()).toEqual(before.sums);
    await rebuildUsage(db, quietly());
    expect(await sums()).toEqual(before.sums);
    expect(await statement('2026-01')).toEqual(before.january);
    await applyTimeZones(db, [{ organization_id: ORG, version: 1, time_zone: 'Asia/Tokyo' }]);
    expect(await calls()).toEqual(before.calls);
    expect(await archive()).toEqual({ files: [], waiting: [] });
    await expect(db.query('DELETE FROM usage_archived_days')).rejects.toThrow(/never changed/);
  });

  it('is refused by name where its entries are needed, and by nobody who has no calls in it', async () => {
    await record(db, [endedAt(1, '2026-01-15T10:00:00.000Z'), endedAt(2, '2026-11-02T10:00:00.000Z')]);
    await close('2026-11-10');
    await archive();
    await expect(missing()).rejects.toThrow(FILE);
    await expect(carrierCosts(db, { organization_id: ORG, month: '2026-01' })).rejects.toThrow(FILE);
    const failed = { status: 'failed', problem: expect.stringContaining(FILE) };
    expect(await reconciled('2026-01-05T00:00:00.000Z', '2026-02-05T00:00:00.000Z')).toMatchObject(failed);
    const range = (from: string | undefined, to: string | undefined) =>
      completeFrom(db, { organizationId: ORG, from, to });
    await expect(range(undefined, '2026-01-31T23:59:59.999Z')).rejects.toThrow(FILE);
    const february = '2026-02-01T00:00:00.000Z';
    expect(await range(undefined, undefined)).toBe(february);
    expect(await range(february, undefined)).toBe(february);
    expect(await completeFrom(db, { organizationId: OTHER_ORG, ...JANUARY })).toBeNull();
  });

  it('stays whole where the command gets a kill -9 after it has written the file', async () => {
    await record(db, [endedAt(1, '2026-01-15T10:00:00.000Z'), endedAt(2, '2026-11-02T10:00:00.000Z')]);
    await close('2026-11-10');
    const recording = db.createQueryRunner();
    await recording.startTransaction();
    await lockShared(recording.manager);
    const env = { DATABASE_URL: url, USAGE_KEEP_MONTHS: '6', USAGE_ARCHIVE_DIR: folder };
    const command = await startProgram(['commands/main.ts', 'archive-usage'], { env });
    const waits = async () => ((await db.query('SELECT FROM pg_locks WHERE NOT granted')) as unknown[]).length > 0;
    await eventually(waits, { timeoutMs: 25_000, hopeless: () => (command.running() ? undefined : 'it has ended') });
    await command.stop('SIGKILL');
    await recording.rollbackTransaction();
    await recording.release();
    expect(await partition()).not.toBeNull();
    expect(await db.query('SELECT FROM usage_archives')).toEqual([]);
    // Its connection ends a moment later, and with it the lock that keeps a second command out.
    expect(await eventually(() => archive())).toEqual({ files: [{ name: FILE, entries: 1 }], waiting: [] });
    expect(await partition()).toBeNull();
    await load(FILE);
    expect(await loaded()).toHaveLength(1);
  });

  it('takes late calls and corrections of its estimates, which are a part of their own later', async () => {
    await setPlan(db, 1, { effective_from: '2026-01-01T00:00:00.000Z' });
    await record(db, [
      endedAt(1, '2026-01-15T10:00:00.000Z', { reconstructed: true }),
      endedAt(2, '2026-11-02T10:00:00.000Z'),
    ]);
    await close('2026-11-10');
    await archive();
    const better = endedAgain(1, '2026-01-15T10:00:00.000Z', { billable_ms: 130_000 });
    // Nothing is recorded twice, whichever of its events comes again.
    await record(db, [better, endedAt(3, '2026-01-16T10:00:00.000Z'), endedAt(1, '2026-01-15T10:00:00.000Z'), better]);
    expect(await calls()).toEqual({ '2026-01': 2, '2026-11': 1 });
    expect(await archive()).toMatchObject({ files: [], waiting: [{ month: '2026-01' }] });
    await close('2026-12-07');
    expect(await statement('2026-11')).toMatchObject({
      adjustments: [
        { month: '2026-01', reason: 'known-better', calls: 0, amount_micros: '30000' },
        { month: '2026-01', reason: 'late-call', calls: 1, amount_micros: '60000' },
      ],
    });
    const before: unknown = await sums();
    expect(await archive()).toEqual({ files: [{ name: 'usage-2026-01.2.csv.gz', entries: 3 }], waiting: [] });
    await rebuildUsage(db, quietly());
    expect(await sums()).toEqual(before);
    await expect(missing()).rejects.toThrow(`${FILE}, usage-2026-01.2.csv.gz`);
  });

  it('waits until its entries are in closed statements, and until a changed plan has corrected them', async () => {
    await record(db, [endedAt(1, '2026-01-15T10:00:00.000Z')]);
    expect((await archive()).waiting).toEqual([{ month: '2026-01', reason: expect.stringContaining(ORG) }]);
    await close('2026-11-10');
    await setPlan(db, 1, { effective_from: '2026-01-01T00:00:00.000Z', settled: false });
    expect((await archive()).waiting).toEqual([{ month: '2026-01', reason: expect.stringContaining('rate plan') }]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('exporting a month', () => {
  const ROWS = 20_000;
  beforeEach(async () => {
    await record(db, [endedAt(1, '2026-01-15T10:00:00.000Z')]);
    await db.query(
      `INSERT INTO ledger_entries (kind, call_id, organization_id, bridge_id, bridge_epoch, record_number, direction,
        from_number, to_number, started_at, ended_at, billable_ms, billable_seconds, hangup_cause, estimated,
        charged_seconds, amount_micros, recorded_at)
      SELECT 'call', gen_random_uuid(), $1, 'bridge-1', $1, n, 'inbound', '+15559876543', '+15551234567', at, at, 0, 0,
        'NO_ANSWER', false, 0, 0, at FROM (SELECT n, '2026-01-02T00:00:00Z'::timestamptz + n * interval '1 s' AS at FROM
        generate_series(1, ${ROWS}) AS n) AS numbered`,
      [ORG],
    );
    await rebuildUsage(db, quietly());
    await close('2026-11-10');
  });
  const whole = { files: [{ name: FILE, entries: ROWS + 1 }], waiting: [] };

  it('may be killed in the middle at any time, together with PostgreSQL, and is done by the next one', async () => {
    await writeFile(join(folder, `${FILE}.tmp`), 'of one that was killed');
    let killed = false;
    const kill = (_stage: string, done: number) => {
      if (done === 0 || killed) return;
      killed = true;
      void postgres.process()!.stop('SIGQUIT', 10_000);
    };
    await expect(archive(quietly(kill))).rejects.toThrow();
    expect(killed).toBe(true);
    await postgres.restart('SIGQUIT');
    expect(await readdir(folder)).toEqual([]);
    expect(await db.query('SELECT count(*)::int FROM ledger_entries_2026_01')).toEqual([{ count: ROWS + 1 }]);
    expect(await archive()).toEqual(whole);
    await load(FILE);
    expect(await loaded()).toHaveLength(ROWS + 1);
  }, 60_000);

  it('stops when asked to, and leaves the month to the next one', async () => {
    const stopping = new AbortController();
    const progress = () => stopping.abort(new Error('it was stopped'));
    await expect(archive({ signal: stopping.signal, progress })).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
    expect(await partition()).not.toBeNull();
    expect(await archive()).toEqual(whole);
  });

  it('is done by one of two copies, and has what was recorded meanwhile in no half', async () => {
    let late: Promise<unknown> | undefined;
    const running = quietly(() => {
      late ??= record(db, [endedAt(2, '2026-01-15T10:00:00.000Z')]);
    });
    const both = await Promise.allSettled([archive(running), archive(running)]);
    await late;
    expect(both.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ message: expect.stringContaining('another') }) },
    ]);
    // The late call is in no statement yet, so nothing was dropped.
    expect(both.find(({ status }) => status === 'fulfilled')).toMatchObject({ value: { files: [] } });
    expect(await db.query('SELECT count(*)::int FROM ledger_entries_2026_01')).toEqual([{ count: ROWS + 2 }]);
  }, 60_000);
});
