import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { usageStatement, type UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callId, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../../call-log/call-log.fixture.js';
import { createDataSource } from '../../database.pg.js';
import { exportPart } from '../answers/export-query.pg.js';
import { findEntries } from '../answers/ledger-query.pg.js';
import { statementEntries } from '../answers/statement-entries.pg.js';
import { endedAgain, endedAt, setPlan } from '../ledger.fixture.js';
import { settle } from '../rating/settle.pg.js';
import { applyTimeZones } from '../summary/time-zones.pg.js';
import { closeMonths } from './close-months.pg.js';
import { findStatement, listStatements } from './statement-query.pg.js';

let postgres: Postgres;
let db: DataSource;
let url: string;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  ({ db, url } = await freshDatabase(postgres));
});
afterEach(() => db.destroy());

const OCTOBER = '2026-10-01T00:00:00.000Z';
const close = (day: string, on = db) =>
  closeMonths(on, { now: new Date(`${day}T12:00:00.000Z`), closeDays: 5, signal: new AbortController().signal });
const asked = { now: new Date('2026-12-20T00:00:00.000Z'), closeDays: 5 };
const statement = async (month: string): Promise<UsageStatement> =>
  usageStatement.parse(await findStatement(db, { organization_id: ORG, month }, asked));

describe('a statement', () => {
  it('of a closed month never changes; what comes later is in the next one and names what it corrects', async () => {
    await setPlan(db, 1);
    await record(db, [
      endedAt(1, '2026-10-15T10:00:00.000Z', { reconstructed: true }),
      endedAt(2, '2026-10-16T10:00:00.000Z', { direction: 'outbound', to: '+4930123456' }),
      endedAt(3, '2026-11-02T10:00:00.000Z'),
      endedAt(4, '2026-10-17T10:00:00.000Z', { carrier: 'managed' }),
    ]);
    expect(await close('2026-11-05')).toBe(0);
    expect(await close('2026-11-06')).toBe(1);
    expect(await close('2026-11-06')).toBe(0);
    const october = await statement('2026-10');
    expect(october).toMatchObject({
      state: 'closed',
      number: '202610-00000000000A',
      time_zone: 'UTC',
      begins: OCTOBER,
      ends: '2026-11-01T00:00:00.000Z',
      totals: [
        { carrier_cost: 'external', currency: 'USD', calls: 2, usage_micros: '120000', total_micros: '120000' },
        { carrier_cost: 'managed', currency: null, calls: 1, total_micros: '0' },
      ],
      adjustments: [],
    });
    expect(october.lines.map(({ by, key, carrier_cost, calls }) => [by, key, carrier_cost, calls])).toEqual([
      ['trunk', TRUNK, 'external', 2],
      ['trunk', TRUNK, 'managed', 1],
      ['country', 'DE', 'external', 1],
      ['country', 'US', 'external', 1],
      ['country', 'US', 'managed', 1],
      ['direction', 'inbound', 'external', 1],
      ['direction', 'inbound', 'managed', 1],
      ['direction', 'outbound', 'external', 1],
    ]);
    const better = endedAgain(1, '2026-10-15T10:00:00.000Z', { billable_ms: 130_000 });
    await record(db, [endedAt(5, '2026-10-31T23:59:59.999Z'), better]);
    expect(await statement('2026-10')).toEqual(october);
    const open = await statement('2026-11');
    expect(open).toMatchObject({ state: 'open', number: null, adjusted_entries_total: 3 });
    expect(await close('2026-12-07')).toBe(1);
    const november = await statement('2026-11');
    expect(november).toEqual({
      ...open,
      state: 'closed',
      number: '202611-00000000000A',
      closed_at: '2026-12-07T12:00:00.000Z',
    });
    expect(november).toMatchObject({
      totals: [{ currency: 'USD', usage_micros: '60000', adjustment_micros: '90000', total_micros: '150000' }],
      adjustments: [
        { month: '2026-10', reason: 'known-better', calls: 0, charged_seconds: 60, amount_micros: '30000' },
        { month: '2026-10', reason: 'late-call', calls: 1, amount_micros: '60000' },
      ],
    });
    expect(november.adjusted_entries.map(({ kind, corrects }) => [kind, corrects])).toEqual([
      ['call', null],
      ['reversal', '1'],
      ['correction', '1'],
    ]);
    await expect(db.query("UPDATE usage_statements SET statement = '{}'")).rejects.toThrow(/never changed/);
    await expect(db.query('TRUNCATE usage_statements')).rejects.toThrow(/never changed/);
  });

  it('of one organisation is closed also where another one fails', async () => {
    const other = ORG.replace(/.$/, 'f');
    const theirs = endedAt(2, '2026-10-15T10:00:00.000Z', { organization_id: other });
    await record(db, [endedAt(1, '2026-10-15T10:00:00.000Z'), { ...theirs, subject: callSubject(other, callId(2)) }]);
    await db.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$`);
    await db.query(
      `CREATE TRIGGER refusing BEFORE INSERT ON usage_statements FOR EACH ROW WHEN (NEW.organization_id = '${ORG}')
       EXECUTE FUNCTION refuse()`,
    );
    await expect(close('2026-11-06')).rejects.toThrow('months of organisations: 1 failed, 1 done; no room');
    const stored: { organization_id: string }[] = await db.query('SELECT organization_id FROM usage_statements');
    expect(stored).toEqual([{ organization_id: other }]);
  });

  it('takes free minutes off, and corrections give and take them too', async () => {
    await setPlan(db, 1, { free_minutes_per_month: 3 });
    await record(db, [endedAt(1, '2026-10-15T10:00:00.000Z')]);
    await close('2026-11-06');
    expect(await statement('2026-10')).toMatchObject({
      totals: [{ usage_micros: '60000', free_micros: '60000', total_micros: '0' }],
    });
    await record(db, [endedAt(2, '2026-10-16T10:00:00.000Z')]);
    await close('2026-12-06');
    expect(await statement('2026-11')).toMatchObject({
      free_minutes: [{ month: '2026-10', currency: 'USD', seconds: 60, amount_micros: '30000' }],
      totals: [{ usage_micros: '0', adjustment_micros: '60000', free_micros: '30000', total_micros: '30000' }],
    });
  });

  it('has each entry in exactly one month, also where the time zone changes in between', async () => {
    await setPlan(db, 1);
    const hours = Array.from({ length: 60 }, (_none, hour) => hour);
    const at = (hour: number) => new Date(Date.parse('2026-10-30T18:00:00.000Z') + hour * 3_600_000).toISOString();
    await record(
      db,
      hours.slice(0, 50).map((hour) => endedAt(hour + 1, at(hour))),
    );
    await applyTimeZones(db, [{ organization_id: ORG, version: 1, time_zone: 'Pacific/Kiritimati' }]);
    await close('2026-11-06');
    await applyTimeZones(db, [{ organization_id: ORG, version: 2, time_zone: 'Pacific/Pago_Pago' }]);
    await record(
      db,
      hours.slice(50).map((hour) => endedAt(hour + 1, at(hour))),
    );
    await close('2026-12-08');
    const months = [await statement('2026-10'), await statement('2026-11')];
    const calls = months.flatMap(({ totals, adjustments }) => [...totals, ...adjustments].map((sum) => sum.calls));
    expect(calls.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(months[1]!.begins).toBe(months[0]!.ends);
  });

  it('is closed once by several copies, and waits for calls that a plan still corrects', async () => {
    await record(db, [endedAt(1, '2026-10-15T10:00:00.000Z'), endedAt(2, '2026-12-01T10:00:00.000Z')]);
    await setPlan(db, 1, { settled: false });
    expect(await close('2026-12-10')).toBe(0);
    await settle(db, { now: () => new Date('2026-12-10T00:00:00.000Z') });
    const other = await createDataSource(url).initialize();
    const closed = await Promise.all([close('2026-12-10'), close('2026-12-10', other)]);
    await other.destroy();
    expect(closed[0]! + closed[1]!).toBe(2);
    const list = await listStatements(db, ORG, asked);
    expect(list.map(({ month, state }) => [month, state])).toEqual([
      ['2026-12', 'open'],
      ['2026-11', 'closed'],
      ['2026-10', 'closed'],
    ]);
    expect(await findStatement(db, { organization_id: ORG, month: '2027-01' }, asked)).toBeUndefined();
    const stranger = '0190a5b2-7c00-7000-8000-0000000000ff';
    expect(await listStatements(db, stranger, asked)).toEqual([]);
    expect(await findStatement(db, { organization_id: stranger, month: '2026-10' }, asked)).toBeUndefined();
  });

  it('has exactly the entries that the ledger lists for it, as JSON and as CSV, and of nobody else', async () => {
    await setPlan(db, 1);
    await record(db, [
      endedAt(1, '2026-10-15T10:00:00.000Z', { reconstructed: true }),
      endedAt(2, '2026-10-31T23:59:59.999Z'),
      endedAt(3, '2026-11-02T10:00:00.000Z'),
    ]);
    expect(await close('2026-11-06')).toBe(1);
    // A better record of October and a late call of it are in November's, and a late call of November in December's.
    await record(db, [endedAgain(1, '2026-10-15T10:00:00.000Z', { billable_ms: 130_000 })]);
    await record(db, [endedAt(4, '2026-10-20T10:00:00.000Z')]);
    expect(await close('2026-12-06')).toBe(1);
    await record(db, [endedAt(5, '2026-11-03T10:00:00.000Z'), endedAt(6, '2026-12-01T10:00:00.000Z')]);
    const entriesOf = async (month: string, organization_id = ORG) => {
      const of = (await statementEntries(db, { organization_id, month })) ?? null;
      const query = { organization_id, of };
      const room = { memory: new Uint8Array(1e6), maxBytes: 1e6 };
      const part = Buffer.from(await exportPart(db, query, { complete_from: null, ...room })).toString();
      const entries = await findEntries(db, { ...query, limit: 100 });
      expect(part.split('\r\n').length - 1).toBe(entries.length);
      return entries;
    };
    const seen: string[] = [];
    for (const month of ['2026-10', '2026-11']) {
      const entries = await entriesOf(month);
      const amount = entries.reduce((sum, entry) => sum + BigInt(entry.amount_micros), 0n);
      expect([month, String(amount)]).toEqual([month, (await statement(month)).totals[0]!.total_micros]);
      seen.push(...entries.map(({ entry_id }) => entry_id));
    }
    const booked: { entry_id: string }[] = await db.query(
      'SELECT entry_id::text FROM ledger_entries WHERE call_id = ANY($1::uuid[])',
      [[1, 2, 3, 4].map(callId)],
    );
    expect(seen.toSorted()).toEqual(booked.map(({ entry_id }) => entry_id).toSorted());
    expect(seen).toHaveLength(6);
    expect(await entriesOf('2026-12')).toEqual([]);
    expect(await entriesOf('2026-10', '0190a5b2-7c00-7000-8000-0000000000ff')).toEqual([]);
  });
});
