import { describe, expect, it } from '@jest/globals';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import fc from 'fast-check';
import { rateCall, type RateableCall } from './rate-call.js';

const at = '2026-11-01T00:00:00.000Z';
const plan: RatePlan = {
  organization_id: '0190a5b2-7c00-7000-8000-000000000001',
  effective_from: at,
  currency: 'USD',
  rate_per_minute_micros: 12_500,
  increments: '60/60',
  minimum_seconds: 0,
  free_minutes_per_month: 0,
  rates: [],
  created_at: at,
  updated_at: at,
};
const call: RateableCall = {
  started_at: '2026-11-23T10:00:00.000Z',
  billable_seconds: 61n,
  direction: 'inbound',
  country: 'US',
};
const special = (direction: 'inbound' | 'outbound' | null, country: string | null, rate: number) => ({
  direction,
  country,
  rate_per_minute_micros: rate,
  increments: '1/1',
  minimum_seconds: 0,
});
const rated = (over: Partial<RatePlan>, called: Partial<RateableCall> = {}) =>
  rateCall([{ ...plan, ...over }], { ...call, ...called });

describe('what a call costs', () => {
  it.each<[string, Partial<RatePlan>, bigint, bigint, bigint]>([
    // what, plan, billable seconds, charged seconds, micro-units
    ['not answered', {}, 0n, 0n, 0n],
    ['not answered, with a minimum', { minimum_seconds: 30 }, 0n, 0n, 0n],
    ['60/60: a second', {}, 1n, 60n, 12_500n],
    ['60/60: a minute', {}, 60n, 60n, 12_500n],
    ['60/60: a second more', {}, 61n, 120n, 25_000n],
    ['30/6: a second', { increments: '30/6' }, 1n, 30n, 6_250n],
    ['30/6: 31 seconds', { increments: '30/6' }, 31n, 36n, 7_500n],
    ['30/6: 36 seconds', { increments: '30/6' }, 36n, 36n, 7_500n],
    ['1/1: a second, rounded down', { increments: '1/1' }, 1n, 1n, 208n],
    ['1/1: 5 seconds, rounded up', { increments: '1/1' }, 5n, 5n, 1_042n],
    ['1/1: exactly half, rounded up', { increments: '1/1', rate_per_minute_micros: 30 }, 1n, 1n, 1n],
    ['a minimum above', { increments: '1/1', minimum_seconds: 20 }, 7n, 20n, 4_167n],
    ['a minimum below', { increments: '1/1', minimum_seconds: 20 }, 21n, 21n, 4_375n],
    ['a minimum between two steps', { increments: '6/6', minimum_seconds: 20 }, 1n, 24n, 5_000n],
    ['nothing', { rate_per_minute_micros: 0 }, 61n, 120n, 0n],
  ])('%s', (_what, over, billable_seconds, charged_seconds, amount_micros) => {
    expect(rated(over, { billable_seconds })).toMatchObject({ charged_seconds, amount_micros });
  });

  const rates = [
    special('outbound', 'DE', 1),
    special(null, 'DE', 2),
    special('outbound', null, 3),
    special('inbound', 'FR', 4),
  ];
  it.each<['inbound' | 'outbound', string | null, bigint]>([
    ['outbound', 'DE', 1n],
    ['inbound', 'DE', 2n],
    ['outbound', 'FR', 3n],
    ['outbound', null, 3n],
    ['inbound', 'FR', 4n],
    ['inbound', 'US', 12_500n],
    ['inbound', null, 12_500n],
  ])('%s, %s: the most specific rate', (direction, country, rate_micros) => {
    expect(rated({ rates }, { direction, country })).toMatchObject({ rate_micros });
  });

  const plans = [plan, { ...plan, effective_from: '2026-11-23T10:00:00.500Z', currency: 'EUR' }];
  it.each([
    ['2026-10-31T23:59:59.999Z', null],
    ['2026-11-01T00:00:00.000Z', 'USD'],
    ['2026-11-23T10:00:00.499Z', 'USD'],
    ['2026-11-23T10:00:00.500Z', 'EUR'],
    ['2026-11-23T10:00:00.500000Z', 'EUR'],
  ])('one that begins at %s is charged in %s, however long it goes on', (started_at, currency) => {
    expect(rateCall(plans, { ...call, started_at, billable_seconds: 86_400n })).toMatchObject({ currency });
  });

  it('is nothing without a plan', () => {
    expect(rateCall([], call)).toEqual({
      plan_from: null,
      currency: null,
      rate_micros: null,
      charged_seconds: 0n,
      amount_micros: 0n,
    });
  });
});

/** The same said otherwise: seconds are counted one by one, and the amount is found by comparing, not by dividing. */
function oracle(
  seconds: bigint,
  { rate, first, step, minimum }: Record<'rate' | 'first' | 'step' | 'minimum', bigint>,
) {
  let charged = 0n;
  if (seconds > 0n) for (charged = first; charged < seconds || charged < minimum;) charged += step;
  let amount = (rate * charged) / 60n;
  if (2n * (rate * charged - 60n * amount) >= 60n) amount += 1n;
  return { charged_seconds: charged, amount_micros: amount };
}

describe('any call by any plan', () => {
  const one = fc.integer({ min: 1, max: 3600 });
  it('costs what an independent count says', () => {
    fc.assert(
      fc.property(
        fc.record({
          rate: fc.integer({ min: 0, max: 1e12 }),
          first: one,
          step: one,
          minimum: fc.integer({ min: 0, max: 3600 }),
        }),
        fc.bigInt({ min: 0n, max: 90_000n }),
        ({ rate, first, step, minimum }, billable_seconds) => {
          const over = { rate_per_minute_micros: rate, increments: `${first}/${step}`, minimum_seconds: minimum };
          const terms = { rate: BigInt(rate), first: BigInt(first), step: BigInt(step), minimum: BigInt(minimum) };
          expect(rated(over, { billable_seconds })).toMatchObject(oracle(billable_seconds, terms));
        },
      ),
    );
  });

  it('never costs less for lasting longer, and is never charged for less than it lasted', () => {
    fc.assert(
      fc.property(
        fc.tuple(one, one, fc.integer({ min: 0, max: 3600 })),
        fc.bigInt({ min: 1n, max: 90_000n }),
        ([first, step, minimum_seconds], billable_seconds) => {
          const over = { increments: `${first}/${step}`, minimum_seconds };
          const [shorter, longer] = [billable_seconds, billable_seconds + 1n].map((seconds) =>
            rated(over, { billable_seconds: seconds }),
          );
          expect(longer!.amount_micros >= shorter!.amount_micros).toBe(true);
          expect(shorter!.charged_seconds >= billable_seconds).toBe(true);
        },
      ),
    );
  });
});
