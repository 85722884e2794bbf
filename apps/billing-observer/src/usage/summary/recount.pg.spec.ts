import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { usageRecordsQuery, usageSummaryQuery, type UsageSummaryQuery } from '@trunkmesh/contracts/usage-query.js';
import { callEnded, ORG } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource, EntityManager } from 'typeorm';
import { freshDatabase, record } from '../../call-log/call-log.fixture.js';
import { findEntries } from '../answers/ledger-query.pg.js';
import { endedAt, setPlan } from '../ledger.fixture.js';
import { summarize } from '../answers/summary-query.pg.js';
import { rebuildUsage, recount } from './recount.pg.js';
import { applyTimeZones } from './time-zones.pg.js';

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

const quietly = () => ({ signal: new AbortController().signal, progress: () => undefined });
const FREE = { free_minutes_per_month: 3 };
const summary = (query: Partial<UsageSummaryQuery>) =>
  summarize(
    db,
    usageSummaryQuery.parse({ organization_id: ORG, by: 'day', from: '2026-10-01', to: '2026-12-31', ...query }),
  );
const calls = async (by: UsageSummaryQuery['by']) =>
  Object.fromEntries((await summary({ by })).groups.map((group) => [group.key, group.calls]));
const rows = () => db.query('SELECT * FROM usage_days ORDER BY organization_id, dimension, day, key, currency');
const CALLS = [
  endedAt(1, '2026-10-31T22:30:00.000Z'),
  endedAt(2, '2026-10-31T23:30:00.000Z', { direction: 'outbound', to: '+4930123456' }),
  endedAt(3, '2026-11-01T00:00:00.000Z', { answered_at: null, billable_ms: 0 }),
  endedAt(4, '2026-11-30T23:59:59.999Z', { trunk_id: null, reconstructed: true }),
];

describe('the sums of usage', () => {
  it('are by day, month, trunk, number, direction and country', async () => {
    await setPlan(db, 1, FREE);
    await record(db, CALLS);
    expect(await calls('day')).toEqual({ '2026-10-31': 2, '2026-11-01': 1, '2026-11-30': 1 });
    expect(await calls('month')).toEqual({ '2026-10': 2, '2026-11': 2 });
    expect(await calls('trunk')).toEqual({ [callEnded(1).data.trunk_id!]: 3, null: 1 });
    expect(await calls('number')).toEqual({ null: 4 });
    expect(await calls('direction')).toEqual({ inbound: 3, outbound: 1 });
    expect(await calls('country')).toEqual({ DE: 1, US: 3 });
    expect((await summary({ by: 'day' })).groups[2]).toEqual({
      key: '2026-11-30',
      currency: 'USD',
      carrier_cost: 'external',
      calls: 1,
      answered_calls: 1,
      estimated_calls: 1,
      billable_seconds: 61,
      charged_seconds: 120,
      amount_micros: '60000',
      free_seconds: null,
      free_amount_micros: null,
    });
  });

  it('by country have numbers of no country, which can have a rate', async () => {
    await setPlan(db, 1, { rates: [{ ...CHEAP, direction: 'outbound', country: '001' }] });
    const satellite = { direction: 'outbound', to: '+870773000000' } as const;
    await record(db, [endedAt(1, '2026-11-02T00:00:00.000Z', satellite), endedAt(2, '2026-11-02T00:00:00.000Z')]);
    const groups = (await summary({ by: 'country' })).groups.map(({ key, amount_micros }) => [key, amount_micros]);
    // Two minutes have begun: at 10,000 and at 30,000.
    expect(groups).toEqual([
      ['001', '20000'],
      ['US', '60000'],
    ]);
    const query = usageRecordsQuery.parse({ organization_id: ORG, country: '001' });
    expect(await findEntries(db, query)).toMatchObject([{ to_number: satellite.to, country: '001' }]);
  });

  it('by month say what the free minutes take off', async () => {
    await setPlan(db, 1, { ...FREE, rates: [{ ...CHEAP, direction: 'outbound' }] });
    await record(db, CALLS);
    expect(await summary({ by: 'month', from: '2026-10-20', to: '2026-10-20' })).toMatchObject({
      from: '2026-10-01',
      to: '2026-10-31',
      // 120 seconds at 10,000 a minute, and 60 of 120 at 30,000.
      groups: [{ key: '2026-10', amount_micros: '80000', free_seconds: 180, free_amount_micros: '50000' }],
    });
  });

  it("are in the organisation's time zone, also after it has changed", async () => {
    await record(db, CALLS);
    await applyTimeZones(db, [{ organization_id: ORG, version: 2, time_zone: 'Europe/Berlin' }]);
    expect(await summary({ by: 'month' })).toMatchObject({ time_zone: 'Europe/Berlin' });
    // Summer time has ended on 25 October: an hour ahead of UTC.
    expect(await calls('month')).toEqual({ '2026-10': 1, '2026-11': 2, '2026-12': 1 });
    await record(db, [endedAt(5, '2026-10-24T22:30:00.000Z')], 5);
    expect(await calls('day')).toMatchObject({ '2026-10-25': 1, '2026-12-01': 1 });
    await applyTimeZones(db, [{ organization_id: ORG, version: 1, time_zone: 'Asia/Tokyo' }]);
    expect(await summary({})).toMatchObject({ time_zone: 'Europe/Berlin' });
    await applyTimeZones(db, [{ organization_id: ORG, version: 3, time_zone: 'Mars/Olympus' }]);
    expect(await summary({})).toMatchObject({ time_zone: 'UTC' });
    expect(await calls('month')).toEqual({ '2026-10': 3, '2026-11': 2 });
  });

  it('dropped and made again from the ledger, corrections included, are the same', async () => {
    await record(db, CALLS);
    await applyTimeZones(db, [{ organization_id: ORG, version: 1, time_zone: 'Asia/Kathmandu' }]);
    await setPlan(db, 1, FREE);
    await record(db, [
      {
        ...endedAt(4, '2026-11-30T23:59:59.999Z', { record_number: 6 }),
        id: '0190a5b2-7c00-7000-8f00-000000000006',
      },
      endedAt(7, '1971-01-01T00:00:00.000Z'),
      endedAt(8, '2026-11-30T10:00:00.000Z'),
    ]);
    await setPlan(db, 2, { ...FREE, currency: 'EUR' });
    const before: unknown = await rows();
    await db.query('TRUNCATE usage_days');
    expect(await rebuildUsage(db, quietly())).toBe(1);
    expect(await rows()).toEqual(before);
    await db.query("UPDATE usage_days SET calls = 99, day = '2020-01-01' WHERE dimension = 'country' AND key = 'DE'");
    await rebuildUsage(db, quietly());
    expect(await rows()).toEqual(before);
    // What a plan's change took back is no group any more.
    expect((await summary({ by: 'month' })).groups.map(({ key, currency }) => [key, currency])).toEqual([
      ['2026-11', 'EUR'],
      ['2026-12', 'EUR'],
    ]);
  });

  it('are made again beside recording, which waits for nothing, and have what was recorded meanwhile', async () => {
    await record(db, CALLS);
    await applyTimeZones(db, [{ organization_id: ORG, version: 1, time_zone: 'Asia/Kathmandu' }]);
    const again = { organizationId: ORG, timeZone: 'Europe/Berlin' };
    const adopt = async (tx: EntityManager) => {
      await tx.query('UPDATE usage_time_zones SET version = 2, time_zone = $1', [again.timeZone]);
      return true;
    };
    const counted = () =>
      record(db, [endedAt(5, '2026-10-31T23:30:00.000Z'), endedAt(6, '2026-11-20T12:00:00.000Z')], 5);
    expect(await recount(db, { ...again, adopt, counted })).toBe(true);
    const made: unknown = await rows();
    expect(await calls('day')).toEqual({ '2026-10-31': 1, '2026-11-01': 3, '2026-11-20': 1, '2026-12-01': 1 });
    await db.query('DELETE FROM usage_days');
    await rebuildUsage(db, quietly());
    expect(await rows()).toEqual(made);
  });

  it('stay where another copy has counted them in the time zone that is newer', async () => {
    await record(db, CALLS);
    const before: unknown = await rows();
    const again = { organizationId: ORG, timeZone: 'Europe/Berlin', adopt: () => Promise.resolve(false) };
    expect(await recount(db, again)).toBe(false);
    expect(await rows()).toEqual(before);
    const changes = [4, 5, 6].map((version) => ({ organization_id: ORG, version, time_zone: ZONES[version % 3]! }));
    await Promise.all(changes.map((change) => applyTimeZones(db, [change])));
    expect(await summary({})).toMatchObject({ time_zone: ZONES[0] });
    const made: unknown = await rows();
    await rebuildUsage(db, quietly());
    expect(await rows()).toEqual(made);
  });

  it('keep calls over managed carriers apart, and no rate plan charges those', async () => {
    await setPlan(db, 1, FREE);
    await record(db, [...CALLS, endedAt(5, '2026-11-30T23:00:00.000Z', { carrier: 'managed' })]);
    await setPlan(db, 2, { ...FREE, rate_per_minute_micros: 90_000 });
    const groups = (await summary({ by: 'month' })).groups.filter(({ key }) => key === '2026-11');
    expect(groups).toMatchObject([
      { carrier_cost: 'managed', currency: null, calls: 1, billable_seconds: 61, amount_micros: '0' },
      { carrier_cost: 'external', currency: 'USD', calls: 2, amount_micros: '180000' },
    ]);
    expect((await summary({ carrier_cost: 'managed' })).groups).toMatchObject([{ key: '2026-11-30', calls: 1 }]);
    const managed = await findEntries(db, usageRecordsQuery.parse({ organization_id: ORG, carrier_cost: 'managed' }));
    expect(managed).toMatchObject([{ kind: 'call', carrier_cost: 'managed', currency: null }]);
    const before: unknown = await rows();
    await rebuildUsage(db, quietly());
    expect(await rows()).toEqual(before);
  });

  it('come in pages', async () => {
    await record(db, CALLS);
    const first = await summary({ limit: 2 });
    expect(first.next).toEqual({ key: '2026-11-01', currency: '', carrier_cost: 'external' });
    const second = await summary({ limit: 2, after: first.next! });
    expect(second).toMatchObject({ groups: [{ key: '2026-11-30' }], next: null });
  });
});

const ZONES = ['Asia/Kathmandu', 'America/Havana', 'Europe/Berlin'];
const CHEAP = {
  direction: null,
  country: null,
  rate_per_minute_micros: 10_000,
  increments: '60/60',
  minimum_seconds: 0,
};
