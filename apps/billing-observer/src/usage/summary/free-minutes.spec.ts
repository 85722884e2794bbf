import { describe, expect, it } from '@jest/globals';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import fc from 'fast-check';
import { freeMinutes, planOfMonth, type RateSum } from './free-minutes.js';

const of = (rate_micros: bigint, charged_seconds: bigint, amount_micros: bigint): RateSum => ({
  rate_micros,
  charged_seconds,
  amount_micros,
});

describe('free minutes', () => {
  it.each<[string, number, RateSum[], bigint, bigint]>([
    ['none', 0, [of(10n, 60n, 10n)], 0n, 0n],
    ['more than were used', 5, [of(10n, 60n, 10n)], 60n, 10n],
    ['a share, rounded down', 1, [of(10n, 180n, 31n)], 60n, 10n],
    ['the cheapest rate first', 2, [of(90n, 60n, 90n), of(10n, 90n, 15n)], 120n, 60n],
    ['nothing of a rate whose calls were all taken back', 2, [of(10n, 0n, 0n), of(20n, 60n, 20n)], 60n, 20n],
  ])('%s', (_what, minutes, rates, seconds, amount_micros) => {
    expect(freeMinutes(minutes, rates)).toEqual({ seconds, amount_micros });
  });

  it('never take off more than there is, whatever the order of the rates', () => {
    const sums = fc.uniqueArray(
      fc.record({
        rate_micros: fc.bigInt({ min: 0n, max: 1_000_000n }),
        charged_seconds: fc.bigInt({ min: 0n, max: 1_000_000n }),
        amount_micros: fc.bigInt({ min: 0n, max: 10n ** 15n }),
      }),
      { selector: ({ rate_micros }) => rate_micros },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50_000 }), sums, (minutes, rates) => {
        const free = freeMinutes(minutes, rates);
        const total = (value: (sum: RateSum) => bigint) => rates.reduce((sum, rate) => sum + value(rate), 0n);
        const seconds = total(({ charged_seconds }) => charged_seconds);
        expect(free.seconds).toBe(60n * BigInt(minutes) < seconds ? 60n * BigInt(minutes) : seconds);
        expect(free.amount_micros <= total(({ amount_micros }) => amount_micros)).toBe(true);
        expect(freeMinutes(minutes, rates.toReversed())).toEqual(free);
      }),
    );
  });
});

describe("a month's allowance", () => {
  const plan = (effective_from: string) => ({ effective_from }) as RatePlan;
  const month = { begins: new Date('2026-11-01T00:00:00Z'), ends: new Date('2026-12-01T00:00:00Z') };
  it.each<[string, string[], string | undefined]>([
    ['in effect before it', ['2026-01-01', '2026-10-01', '2026-11-15'], '2026-10-01'],
    ['in effect from its beginning', ['2026-10-01', '2026-11-01'], '2026-11-01'],
    ['the first one in it', ['2026-11-10', '2026-11-20'], '2026-11-10'],
    ['none that begins later', ['2026-12-01'], undefined],
  ])('is that of the plan %s', (_what, days, expected) => {
    expect(
      planOfMonth(
        days.map((day) => plan(`${day}T00:00:00.000Z`)),
        month,
      )?.effective_from.slice(0, 10),
    ).toBe(expected);
  });
});
