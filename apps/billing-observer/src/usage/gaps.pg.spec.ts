import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { callEnded, EPOCH, ORG } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../call-log/call-log.fixture.js';
import { summarize } from './answers/summary-query.pg.js';
import { acceptGap } from './accept-gap.pg.js';
import { countMissingRecords, listGaps, missingRecords } from './gaps.pg.js';
import { closeMonths } from './statements/close-months.pg.js';
import { findStatement } from './statements/statement-query.pg.js';

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

const day = (date: number) => `2026-10-${String(date).padStart(2, '0')}`;
/** A record that the bridge has numbered, of a call of a minute that ended at noon of a day in October. */
function ended(number: number, date: number, numbered: { epoch?: string; bridge?: string } = {}): CallEnded {
  const n = number + 1_000 * date;
  const event = callEnded(n, { number, ...numbered });
  const [started_at, ended_at] = [`${day(date)}T11:59:00.000Z`, `${day(date)}T12:00:00.000Z`];
  return { ...event, time: ended_at, data: { ...event.data, started_at, answered_at: started_at, ended_at } };
}
const EARLIER = '0190a5b2-7c00-7000-8000-00000000000b';
const october = () => summarize(db, { organization_id: ORG, by: 'day', from: day(1), to: day(31), limit: 100 });
const asked = { now: new Date('2026-11-20T00:00:00.000Z'), closeDays: 5 };
const statement = () => findStatement(db, { organization_id: ORG, month: '2026-10' }, asked);

describe("gaps in a bridge's numbering", () => {
  it('are listed with the calls beside them, and whether the bridge is asked again', async () => {
    await record(db, [ended(2, 1, { epoch: EARLIER }), ended(1, 10), ended(4, 12), ended(6, 13)]);
    await record(db, [ended(1, 5, { bridge: 'bridge-2' })]);
    const noon = (date: number) => `${day(date)}T12:00:00.000Z`;
    const of = { bridge_id: 'bridge-1', bridge_epoch: EPOCH, requested: true, acceptance: null };
    expect(await listGaps(db)).toEqual([
      { ...of, bridge_epoch: EARLIER, first: 1, last: 1, after: null, before: noon(1), requested: false },
      { ...of, first: 2, last: 3, after: noon(10), before: noon(12) },
      { ...of, first: 5, last: 5, after: noon(12), before: noon(13) },
    ]);
  });

  it('are counted by bridge: what an operator has accepted, and what nobody has', async () => {
    await record(db, [ended(2, 1, { epoch: EARLIER }), ended(1, 10), ended(5, 12)]);
    await record(db, [ended(1, 5, { bridge: 'bridge-2' })]);
    await acceptGap(db, {
      bridge_id: 'bridge-1',
      bridge_epoch: EPOCH,
      first: 3,
      last: 4,
      reason: 'disk',
      accepted_by: 'me',
    });
    expect(await countMissingRecords(db)).toEqual([
      { bridge_id: 'bridge-1', missing: 2, accepted: 2 },
      { bridge_id: 'bridge-2', missing: 0, accepted: 0 },
    ]);
    await record(db, [ended(3, 11)]);
    expect(await countMissingRecords(db)).toMatchObject([{ missing: 2, accepted: 1 }, { bridge_id: 'bridge-2' }]);
  });

  it.each([
    ['before it', 1, 9, false],
    ['in which a call of it may have begun', 1, 10, true],
    ['within it', 11, 11, true],
    ['that begins in it', 12, 20, true],
    ['after it', 13, 20, false],
    ['without a beginning', undefined, 9, false],
    ['without an end', 13, undefined, false],
    ['without bounds', undefined, undefined, true],
  ])('make a time %s incomplete or not', async (_what, from, until, found) => {
    await record(db, [ended(1, 10), ended(3, 12)]);
    const instant = (date: number | undefined, time: string) => date && `${day(date)}T${time}Z`;
    const range = {
      from: instant(from, '00:00:00.000') || undefined,
      until: instant(until, '23:59:59.999') || undefined,
    };
    expect(await missingRecords(db, range)).toEqual({ incomplete: found, gap_accepted: false });
  });

  it('make a summary and an open statement incomplete until the records come', async () => {
    await record(db, [ended(1, 10), ended(3, 12)]);
    expect([(await october()).incomplete, (await statement())?.incomplete]).toEqual([true, true]);
    const september = { organization_id: ORG, by: 'day' as const, from: '2026-09-01', to: '2026-09-30', limit: 100 };
    expect((await summarize(db, september)).incomplete).toBe(false);
    await record(db, [ended(2, 11)]);
    expect([(await october()).incomplete, (await statement())?.incomplete]).toEqual([false, false]);
  });

  it('stay in the statement that was closed with them', async () => {
    await record(db, [ended(1, 10), ended(3, 12)]);
    await closeMonths(db, { ...asked, signal: new AbortController().signal });
    await record(db, [ended(2, 11)]);
    expect(await statement()).toMatchObject({ state: 'closed', incomplete: true });
    expect((await october()).incomplete).toBe(false);
  });
});

describe('a gap that an operator accepts', () => {
  const why = { reason: 'the disk of the host is destroyed', accepted_by: 'night-shift' };
  const accept = (first: number, last: number, bridge_epoch?: string) =>
    acceptGap(db, { bridge_id: 'bridge-1', bridge_epoch, first, last, ...why });
  const acceptance = { ...why, accepted_at: expect.stringMatching(/Z$/) };

  it('makes nothing incomplete any more, and says who accepted what and why', async () => {
    await record(db, [ended(1, 10), ended(5, 12)]);
    expect(await accept(2, 3)).toMatchObject({ bridge_epoch: EPOCH, first: 2, last: 4 });
    expect(await listGaps(db)).toMatchObject([
      { first: 2, last: 3, acceptance },
      { first: 4, last: 4, acceptance: null },
    ]);
    expect(await october()).toMatchObject({ incomplete: true, gap_accepted: true });
    await accept(4, 4);
    expect(await listGaps(db)).toMatchObject([{ first: 2, last: 4, acceptance }]);
    expect(await october()).toMatchObject({ incomplete: false, gap_accepted: true });
    expect(await statement()).toMatchObject({ incomplete: false, gap_accepted: true });
    await closeMonths(db, { ...asked, signal: new AbortController().signal });
    expect(await statement()).toMatchObject({ state: 'closed', incomplete: false, gap_accepted: true });
    await expect(db.query("UPDATE accepted_gaps SET reason = ''")).rejects.toThrow(/never changed/);
  });

  it('is still asked for, and its records are recorded where they come nevertheless', async () => {
    await record(db, [ended(1, 10), ended(3, 12)]);
    await accept(2, 2);
    const [progress]: unknown[] = await db.query('SELECT missing FROM bridge_progress');
    expect(progress).toEqual({ missing: [[2, 2]] });
    await record(db, [ended(2, 11)]);
    expect(await listGaps(db)).toEqual([]);
    const groups = (await october()).groups.map(({ key, calls }) => [key, calls]);
    expect(groups).toEqual([10, 11, 12].map((date) => [day(date), 1]));
    expect(await october()).toMatchObject({ incomplete: false, gap_accepted: false });
  });

  it.each([
    ['more than is missing', 2, 5],
    ['what has come', 1, 1],
    ['what was accepted before', 3, 3],
    ['what will come', 6, 6],
  ])('is not %s', async (_what, first, last) => {
    await record(db, [ended(1, 10), ended(5, 12)]);
    await accept(3, 3);
    await expect(accept(first, last)).rejects.toThrow(/are not a gap.*nothing was changed/);
    const rows: unknown[] = await db.query('SELECT FROM accepted_gaps');
    expect(rows).toHaveLength(1);
  });

  it('is named with its epoch where the same numbers are missing in several', async () => {
    const earlier = [ended(4, 1, { epoch: EARLIER }), ended(7, 3, { epoch: EARLIER })];
    await record(db, [...earlier, ended(5, 12), ended(9, 13)]);
    await expect(accept(6, 6)).rejects.toThrow(new RegExp(`several epochs.*--epoch.*${EARLIER}`));
    expect(await accept(6, 6, EARLIER)).toMatchObject({ bridge_epoch: EARLIER, first: 5, last: 6 });
  });
});
