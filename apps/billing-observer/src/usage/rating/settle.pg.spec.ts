import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { callEnded, ORG } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../../call-log/call-log.fixture.js';
import { applyPlans } from './rate-plans.pg.js';
import { settle } from './settle.pg.js';

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

const OTHER = '0190a5b2-7c00-7000-8000-00000000000f';
const NOVEMBER = '2026-11-01T00:00:00.000Z';
const LATER = '2026-11-23T12:00:00.000Z';
const now = () => new Date('2026-11-29T00:00:00.000Z');
const plan = (over: Partial<RatePlan> = {}): RatePlan => ({
  organization_id: ORG,
  effective_from: NOVEMBER,
  currency: 'USD',
  rate_per_minute_micros: 60_000,
  increments: '1/1',
  minimum_seconds: 0,
  free_minutes_per_month: 0,
  rates: [],
  created_at: NOVEMBER,
  updated_at: NOVEMBER,
  ...over,
});
const set = (version: number, over: Partial<RatePlan> = {}) => {
  const state = plan(over);
  const { organization_id, effective_from } = state;
  return applyPlans(db, [{ organization_id, effective_from, version, plan: state }]);
};
const ended = (n: number, started_at: string): CallEnded => {
  const event = callEnded(n);
  return { ...event, data: { ...event.data, started_at, billable_ms: 9_500 } };
};
const entries = (): Promise<Record<string, unknown>[]> =>
  db.query(
    'SELECT record_number::int AS n, kind, currency, charged_seconds::int AS seconds, amount_micros::int AS amount ' +
      'FROM ledger_entries ORDER BY entry_id',
  );
const charged = (): Promise<Record<string, unknown>[]> =>
  db.query(
    'SELECT record_number::int AS n, string_agg(DISTINCT currency, $1) AS currencies, sum(amount_micros)::int AS ' +
      'amount FROM ledger_entries GROUP BY record_number ORDER BY record_number',
    [' '],
  );

describe('calls and rate plans', () => {
  it('a call is charged by the plan in effect when it began', async () => {
    await set(1);
    await set(1, { effective_from: LATER, rate_per_minute_micros: 600_000, currency: 'EUR' });
    await record(db, [ended(1, '2026-11-23T11:59:59.999Z'), ended(2, LATER), ended(3, '2026-10-31T10:00:00.000Z')]);
    expect(await entries()).toEqual([
      { n: 1, kind: 'call', currency: 'USD', seconds: 10, amount: 10_000 },
      { n: 2, kind: 'call', currency: 'EUR', seconds: 10, amount: 100_000 },
      { n: 3, kind: 'call', currency: null, seconds: 0, amount: 0 },
    ]);
    // Nothing is left to be corrected.
    expect(await settle(db, { now })).toBe(0);
  });

  it('a plan that comes later corrects what it charges otherwise, once', async () => {
    await record(db, [ended(1, NOVEMBER), ended(2, LATER), ended(3, '2026-10-31T10:00:00.000Z')]);
    await set(1);
    expect(await settle(db, { now })).toBe(2);
    expect(await settle(db, { now })).toBe(0);
    expect(await set(1)).toBe(false);
    await set(1, { effective_from: LATER, rate_per_minute_micros: 120_000 });
    expect(await settle(db, { now })).toBe(1);
    expect(await charged()).toEqual([
      { n: 1, currencies: 'USD', amount: 10_000 },
      { n: 2, currencies: 'USD', amount: 20_000 },
      { n: 3, currencies: null, amount: 0 },
    ]);
    expect((await entries()).filter(({ n }) => n === 2)).toEqual([
      { n: 2, kind: 'call', currency: null, seconds: 0, amount: 0 },
      { n: 2, kind: 'reversal', currency: null, seconds: 0, amount: 0 },
      { n: 2, kind: 'correction', currency: 'USD', seconds: 10, amount: 10_000 },
      { n: 2, kind: 'reversal', currency: 'USD', seconds: -10, amount: -10_000 },
      { n: 2, kind: 'correction', currency: 'USD', seconds: 10, amount: 20_000 },
    ]);
  });

  it('a plan that is removed gives its calls to the one before, also in another currency', async () => {
    await set(1);
    await set(1, { effective_from: LATER, currency: 'EUR', rate_per_minute_micros: 1_200 });
    await record(db, [ended(1, LATER)]);
    await applyPlans(db, [{ organization_id: ORG, effective_from: LATER, version: 2, plan: null }]);
    // Older news of it changes nothing.
    expect(await set(1, { effective_from: LATER, currency: 'EUR' })).toBe(false);
    expect(await settle(db, { now })).toBe(1);
    expect(
      await db.query(
        'SELECT currency, sum(amount_micros)::int AS amount FROM ledger_entries GROUP BY currency ORDER BY currency',
      ),
    ).toEqual([
      { currency: 'EUR', amount: 0 },
      { currency: 'USD', amount: 10_000 },
    ]);
  });

  it('more calls than one transaction takes, two copies at once, and a plan that comes between batches', async () => {
    const calls = Array.from({ length: 2_500 }, (_, index) => ended(index + 1, LATER));
    await record(db, calls.slice(0, 2_000));
    const recording = record(db, calls.slice(2_000));
    await set(1);
    await Promise.all([settle(db, { now }), settle(db, { now })]);
    await recording;
    await set(2, { rate_per_minute_micros: 120_000 });
    await Promise.all([settle(db, { now }), settle(db, { now })]);
    expect(
      await db.query(
        'SELECT count(*)::int AS calls, min(amount)::int, max(amount)::int FROM (SELECT call_id, ' +
          'sum(amount_micros) AS amount FROM ledger_entries GROUP BY call_id) AS charged',
      ),
    ).toEqual([{ calls: 2_500, min: 20_000, max: 20_000 }]);
    expect(await db.query('SELECT FROM ledger_calls JOIN ledger_entries USING (entry_id, call_id)')).toHaveLength(
      2_500,
    );
  });

  it('of others are corrected where the plan of one organisation cannot be applied', async () => {
    await record(db, [ended(1, LATER)]);
    await db.query(
      'INSERT INTO rate_plans (organization_id, effective_from, version, plan, unsettled) VALUES ' +
        "($1, $2, 1, '{', true)",
      [OTHER, NOVEMBER],
    );
    await set(1, { effective_from: '2026-11-02T00:00:00.000Z' });
    await expect(settle(db, { now })).rejects.toThrow('changed rate plans: 1 failed, 1 done');
    expect(await charged()).toMatchObject([{ n: 1, currencies: 'USD', amount: 10_000 }]);
    expect(await db.query('SELECT organization_id FROM rate_plans WHERE unsettled')).toEqual([
      { organization_id: OTHER },
    ]);
  });
});
