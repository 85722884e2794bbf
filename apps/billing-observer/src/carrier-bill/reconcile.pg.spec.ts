import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import {
  carrierBillAnswer,
  type CarrierCall,
  type Difference,
  type Reconciliation,
} from '@trunkmesh/contracts/carrier-bill.js';
import { callEnded, callId, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import pino from 'pino';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../call-log/call-log.fixture.js';
import { claimReconciliation, reconcile, Taken } from './reconcile.pg.js';
import { startReconciliationWorker } from './reconciliation-worker.pg.js';
import {
  beginReconciliation,
  deleteReconciliation,
  findDifferences,
  getReconciliation,
  listReconciliations,
  startMatching,
  stopReconciliation,
  storeRows,
} from './reconciliation-rows.pg.js';

const OTHER_ORG = '0190a5b2-7c00-7000-8000-0000000000aa';
const OTHER_TRUNK = '0190a5b2-7c00-7000-8000-0000000000bb';
const WORKER = '0190a5b2-7c00-7000-8000-0000000000ee';
const one = { organization_id: ORG, id: '0190a5b2-7c00-7000-8000-0000000000cc' };
const BEGAN = Date.parse('2026-11-23T10:00:00.000Z');
let postgres: Postgres;
let db: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  ({ db } = await freshDatabase(postgres));
});
afterEach(() => db.destroy());

const time = (minute: number, ms = 0) => new Date(BEGAN + minute * 60_000 + ms).toISOString();
/** A call that began in this minute, was answered five seconds later and lasted so long. */
const ours = (n: number, ms: number | null, over: Partial<CallEnded['data']> = {}): CallEnded => ({
  ...callEnded(n),
  data: {
    ...callEnded(n).data,
    from: '+15559876543',
    started_at: time(n),
    answered_at: ms === null ? null : time(n, 5_000),
    ended_at: time(n, ms === null ? 20_000 : 5_000 + ms),
    billable_ms: ms ?? 0,
    ...over,
  },
});
const theirs = (line: number, minute: number, seconds: number, over: Partial<CarrierCall> = {}): CarrierCall => ({
  line,
  reference: `ref-${line}`,
  from: '+15559876543',
  to: '+15551234567',
  at: (BEGAN + minute * 60_000) / 1_000,
  seconds,
  amount_micros: String(seconds * 100),
  currency: 'USD',
  ...over,
});

const begin = (over: object = {}) =>
  beginReconciliation(db, {
    ask: 'begin',
    ...one,
    name: 'november.csv',
    format: 'generic',
    trunk_ids: null,
    tolerance_seconds: 30,
    time_is: 'start',
    period: null,
    ...over,
  });

async function compared(rows: readonly CarrierCall[], over: object = {}): Promise<Reconciliation> {
  await begin(over);
  expect(await storeRows(db, { ask: 'rows', ...one, rows: [...rows] })).toEqual({ outcome: 'done' });
  await startMatching(db, { ask: 'match', ...one, skipped_rows: 0 });
  const job = (await claimReconciliation(db, WORKER))!;
  await reconcile({ db, job, worker: WORKER }, new AbortController().signal);
  return got();
}
async function got(): Promise<Reconciliation> {
  const answer = carrierBillAnswer.parse(await getReconciliation(db, one));
  if (answer.outcome !== 'reconciliation') throw new Error(answer.outcome);
  return answer.reconciliation;
}
async function differences(over: object = {}): Promise<Difference[]> {
  const answer = carrierBillAnswer.parse(
    await findDifferences(db, { ask: 'differences', ...one, limit: 100, ...over }),
  );
  if (answer.outcome !== 'differences') throw new Error(answer.outcome);
  return answer.items;
}

describe('comparing the ledger with a file', () => {
  it('finds what only one side has, and what has another length, with sums and probable causes', async () => {
    await record(db, [
      ours(1, 60_000),
      ours(2, 30_000),
      ours(3, 30_400),
      ours(4, 42_000),
      ours(5, null),
      ours(6, null),
      ours(7, 10_000, { trunk_id: OTHER_TRUNK }),
    ]);
    const found = await compared([
      theirs(2, 1, 60),
      theirs(3, 1, 60),
      theirs(4, 3, 30),
      theirs(5, 4, 60, { at: BEGAN / 1_000 + 4 * 60 + 9 }),
      theirs(6, 5, 20),
      theirs(7, 9, 33, { currency: 'EUR' }),
      theirs(8, 10, 0, { amount_micros: null, currency: null }),
    ]);
    expect(found).toMatchObject({
      status: 'done',
      rows: 7,
      progress: { done: 14, total: 14 },
      period: { from: time(1), to: time(10) },
      time_shift_seconds: 0,
      problem: null,
    });
    const usd = (amount_micros: string) => [{ currency: 'USD', amount_micros }];
    const sum = (kind: string, cause: string | null, calls: number, our_seconds: number, their_seconds: number) => ({
      kind,
      cause,
      calls,
      our_seconds,
      their_seconds,
    });
    expect(found.groups).toEqual([
      { ...sum('matched', null, 1, 60, 60), amounts: usd('6000') },
      { ...sum('only-ours', null, 2, 40, 0), amounts: [] },
      { ...sum('only-theirs', null, 1, 0, 33), amounts: [{ currency: 'EUR', amount_micros: '3300' }] },
      { ...sum('only-theirs', 'billed-twice', 1, 0, 60), amounts: usd('6000') },
      { ...sum('duration-differs', 'other-increment', 1, 42, 60), amounts: usd('6000') },
      { ...sum('duration-differs', 'rounding', 1, 31, 30), amounts: usd('3000') },
      { ...sum('duration-differs', 'unanswered-billed', 1, 0, 20), amounts: usd('2000') },
    ]);
    expect(found.notes.join(' ')).toMatch(
      /60\/60 explain 1 of 1 call .*Unanswered calls .*: 1\. .*Lines without .*: 1\./,
    );
    expect(await differences({ kind: 'duration-differs', cause: 'other-increment' })).toEqual([
      {
        difference_id: expect.any(String),
        kind: 'duration-differs',
        cause: 'other-increment',
        call_id: callId(4),
        call_sid: `CA${callId(4).replaceAll('-', '')}`,
        trunk_id: TRUNK,
        from_number: '+15559876543',
        to_number: '+15551234567',
        our_time: time(4),
        our_seconds: 42,
        their_line: 5,
        their_reference: 'ref-5',
        their_time: time(4, 9_000),
        their_seconds: 60,
        amount_micros: '6000',
        currency: 'USD',
      },
    ]);
    const all = await differences();
    expect(all.map(({ kind }) => kind).sort()).toEqual(
      ['only-ours', 'only-ours', 'only-theirs', 'only-theirs', ...Array(3).fill('duration-differs')].sort(),
    );
    expect(await differences({ after: all[2]!.difference_id, limit: 2 })).toEqual(all.slice(3, 5));
  });

  it('names attempts through other trunks that were not answered and are billed', async () => {
    const attempt = (n: number, trunk_id: string, minute: number, outcome: 'answered' | 'failed') => ({
      ...{ attempt: n, trunk_id, bridge_id: 'bridge-1', dialled: '15559876543', outcome },
      ...{ reason: outcome === 'failed' ? ('busy' as const) : null, sip_status: outcome === 'failed' ? 486 : 200 },
      ...{ q850: null, hangup_cause: null, started_at: time(minute), duration_ms: 5_000 },
      ...{ ringing: true, failed_over: outcome === 'failed' },
    });
    const dialled = { direction: 'outbound', from: '+15551234567', to: '+15559876543' } as const;
    const attempts = [attempt(1, OTHER_TRUNK, 1, 'failed'), attempt(2, TRUNK, 2, 'answered')];
    await record(db, [ours(1, 60_000, { ...dialled, attempts }), ours(3, null, { ...dialled, attempts: [] })]);
    const numbers = { from: dialled.from, to: dialled.to };
    const rows = [theirs(2, 1, 6, numbers), theirs(3, 1, 6, { ...numbers, at: BEGAN / 1_000 + 63 })];
    const found = await compared(rows, { trunk_ids: [OTHER_TRUNK], time_is: 'start' });
    expect(found.groups).toMatchObject([
      { kind: 'only-theirs', cause: null, calls: 1, their_seconds: 6 },
      { kind: 'only-theirs', cause: 'unanswered-attempt-billed', calls: 1, their_seconds: 6 },
    ]);
    expect(await differences({ cause: 'unanswered-attempt-billed' })).toMatchObject([
      {
        ...{ kind: 'only-theirs', call_id: callId(1), call_sid: `CA${callId(1).replaceAll('-', '')}` },
        ...{ trunk_id: OTHER_TRUNK, their_line: 2, our_time: null, our_seconds: null },
      },
    ]);
  });

  it.each([
    ['anonymous', '', 0],
    ['anonymous', '+15550101', 1],
    ['', 'Restricted', 0],
    ['+15550101', '266696687', 1],
    ['+15550101', '0000000000', 1],
  ])('matches a caller %j of ours and %j of theirs by the called number and the time', async (our, their, alone) => {
    const other = { to: '+15557654321' };
    await record(db, [ours(1, 60_000, { from: our }), ours(2, 60_000, { ...other, from: our })]);
    const found = await compared([
      theirs(2, 1, 60, { from: their, at: BEGAN / 1_000 + 69 }),
      theirs(3, 1, 60, { from: their, at: BEGAN / 1_000 + 69 }),
      theirs(4, 3, 60, { from: their, ...other }),
    ]);
    expect(found.groups.map(({ kind, cause, calls }) => [kind, cause, calls])).toEqual([
      ['matched', null, 1],
      ['only-ours', null, 1],
      ['only-theirs', null, 1],
      ['only-theirs', 'billed-twice', 1],
    ]);
    const note = expect.stringMatching(/because only one side has the caller's number: 1\./);
    expect(found.notes).toEqual(alone === 1 ? [note] : []);
  });

  it('never matches without the caller where a call has the same numbers', async () => {
    await record(db, [ours(1, 60_000), ours(2, 60_000, { from: 'anonymous', started_at: time(1, 9_000) })]);
    const found = await compared([theirs(2, 1, 60, { at: BEGAN / 1_000 + 69 }), theirs(3, 1, 60, { from: '' })]);
    expect(found.groups).toMatchObject([{ kind: 'matched', calls: 2 }]);
    expect(found.notes).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  it('compares the calls of the trunks and the period that it is told, by the time that the file has', async () => {
    await record(db, [ours(1, 60_000), ours(2, 60_000, { trunk_id: OTHER_TRUNK }), ours(90, 5_000)]);
    const found = await compared([theirs(2, 1, 60, { at: BEGAN / 1_000 + 65 })], {
      trunk_ids: [TRUNK],
      tolerance_seconds: 0,
      time_is: 'answer',
      period: { from: BEGAN / 1_000, to: BEGAN / 1_000 + 86_400 },
    });
    expect(found.groups.map(({ kind, calls }) => [kind, calls])).toEqual([
      ['matched', 1],
      ['only-ours', 1],
    ]);
    expect((await differences()).map(({ call_id }) => call_id)).toEqual([callId(90)]);
  });

  it('says once that all times are in another time zone, and compares nevertheless', async () => {
    await record(
      db,
      [1, 2, 3, 4].map((n) => ours(n, n * 10_000)),
    );
    const found = await compared([1, 2, 3, 4].map((n) => theirs(n, n + 300, n * 10)));
    expect(found).toMatchObject({ time_shift_seconds: 18_000, groups: [{ kind: 'matched', calls: 4 }] });
    expect(found.notes).toEqual([expect.stringMatching(/^All times in the file are 5 hours later/)]);
  });

  it('counts a corrected call once, as it was corrected', async () => {
    await record(db, [ours(1, 50_000, { reconstructed: true })]);
    await record(db, [{ ...ours(1, 60_000, { record_number: 2 }), id: '0190a5b2-7c00-7000-8f00-000000000001' }]);
    expect((await compared([theirs(2, 1, 60)])).groups).toMatchObject([{ kind: 'matched', calls: 1, our_seconds: 60 }]);
  });

  it('says what to look at where nothing matches, or nothing is there', async () => {
    expect((await compared([theirs(2, 1, 60)])).notes).toEqual([expect.stringMatching(/^No call of the file matches/)]);
    await db.query('DELETE FROM reconciliations');
    expect(await compared([])).toMatchObject({ period: null, groups: [], notes: [expect.stringMatching(/no calls/)] });
  });

  it('can be stopped: the worker loses it, and nothing is claimed again', async () => {
    await begin();
    await storeRows(db, { ask: 'rows', ...one, rows: [theirs(2, 1, 60)] });
    await startMatching(db, { ask: 'match', ...one, skipped_rows: 0 });
    const job = (await claimReconciliation(db, WORKER))!;
    expect(await claimReconciliation(db, WORKER)).toBeUndefined();
    await stopReconciliation(db, one);
    await expect(reconcile({ db, job, worker: WORKER }, new AbortController().signal)).rejects.toThrow(Taken);
    expect(await got()).toMatchObject({
      status: 'stopped',
      problem: expect.any(String),
      finished_at: expect.any(String),
    });
    expect(await storeRows(db, { ask: 'rows', ...one, rows: [] })).toEqual({
      outcome: 'wrong-state',
      status: 'stopped',
    });
  });

  it('is taken over from a worker that died, and begun again', async () => {
    await record(db, [ours(1, 60_000)]);
    await begin();
    await storeRows(db, { ask: 'rows', ...one, rows: [theirs(2, 1, 50), theirs(2, 1, 50)] });
    await startMatching(db, { ask: 'match', ...one, skipped_rows: 3 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await claimReconciliation(db, OTHER_ORG)).toBeDefined();
      await db.query("UPDATE reconciliations SET lease_until = now() - interval '1 second'");
    }
    for (const worker of [WORKER, WORKER]) {
      await db.query("UPDATE reconciliations SET status = 'matching', lease_until = NULL");
      const job = (await claimReconciliation(db, worker))!;
      await reconcile({ db, job, worker }, new AbortController().signal);
    }
    expect(await got()).toMatchObject({ rows: 1, skipped_rows: 3, groups: [{ kind: 'duration-differs', calls: 1 }] });
    expect(await differences()).toHaveLength(1);
    await db.query("UPDATE reconciliations SET status = 'matching', lease_until = NULL, attempts = 5");
    expect(await claimReconciliation(db, WORKER)).toBeUndefined();
  });

  it('has failed when five workers could not compare it, and an upload that breaks off too', async () => {
    const logger = pino({ level: 'silent' });
    await begin();
    await db.query("UPDATE reconciliations SET changed_at = now() - interval '1 hour'");
    let worker = startReconciliationWorker(db, logger);
    await eventually(async () => (await got()).status === 'failed');
    await worker.stop();
    expect((await got()).problem).toMatch(/^The upload broke off/);
    await db.query(
      "UPDATE reconciliations SET status = 'matching', attempts = 5, lease_until = now() - interval '1 second'",
    );
    worker = startReconciliationWorker(db, logger);
    await eventually(async () => (await got()).status === 'failed');
    await deleteReconciliation(db, one);
    worker.wake();
    await eventually(async () => ((await db.query('SELECT FROM reconciliations')) as unknown[]).length === 0);
    await worker.stop();
  });

  it('shows nobody anything of another organisation', async () => {
    await compared([theirs(2, 1, 60)]);
    const stranger = { ...one, organization_id: OTHER_ORG };
    const notFound = { outcome: 'not-found' };
    expect(await getReconciliation(db, stranger)).toEqual(notFound);
    expect(await findDifferences(db, { ask: 'differences', ...stranger, limit: 1 })).toEqual(notFound);
    expect(await stopReconciliation(db, stranger)).toEqual(notFound);
    expect(await deleteReconciliation(db, stranger)).toEqual(notFound);
    expect(await storeRows(db, { ask: 'rows', ...stranger, rows: [theirs(9, 1, 60)] })).toEqual(notFound);
    expect(await startMatching(db, { ask: 'match', ...stranger, skipped_rows: 0 })).toEqual(notFound);
    const list = (organization_id: string) => listReconciliations(db, { ask: 'list', organization_id, limit: 1 });
    expect(await list(OTHER_ORG)).toEqual({ outcome: 'reconciliations', items: [], next: null });
    expect(await list(ORG)).toMatchObject({ items: [{ id: one.id }], next: { id: one.id } });
    expect(await deleteReconciliation(db, one)).toEqual({ outcome: 'done' });
    expect(await getReconciliation(db, one)).toEqual(notFound);
  });
});
