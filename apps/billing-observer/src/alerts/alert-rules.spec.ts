import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  collapsedAnswerRate,
  collapsedDuration,
  comparableHours,
  HOUR_MS,
  median,
  unusualSum,
  type CallCounts,
} from './alert-rules.js';

const counts = (calls: number, answered: number, seconds = answered * 60): CallCounts => ({ calls, answered, seconds });

describe('an unusual sum of an hour', () => {
  it.each([
    ['is far above what is usual', 400, [28, 30, 32, 34], 60, [31, 93]],
    ['is not twice the usual', 60, [28, 30, 31, 34], 10, undefined],
    ['is not below the minimum, however small the usual', 50, [0, 0, 0, 0], 60, undefined],
    ['is anything above the minimum where there never was a call', 61, [0, 0, 0], 60, [0, 60]],
    ['needs something to compare', 10_000, [1, 1], 60, undefined],
    ['is not what a varied business has anyway', 500, [10, 200, 90, 400, 150, 30], 60, undefined],
    ['is not hidden by one strange week', 900, [30, 31, 29, 30, 2_000], 60, [30, 90]],
    ['has a bound of six robust deviations, a whole number', 9_999, [10, 50, 110, 200, 300], 0, [110, 910]],
  ])('%s', (_what, observed, baseline, minimum, expected) => {
    const [usual, threshold] = (expected ?? []).map(BigInt);
    expect(unusualSum(BigInt(observed), baseline.map(BigInt), BigInt(minimum))).toEqual(
      expected && { expected: usual, threshold },
    );
  });

  it('is never what lies within the baseline of the same hours, and grows with what was seen', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(0n, 10_000n), { minLength: 3, maxLength: 12 }),
        fc.bigInt(0n, 100_000n),
        (baseline, more) => {
          const usual = median(baseline);
          expect(unusualSum(usual, baseline, 1n)).toBeUndefined();
          const found = unusualSum(more, baseline, 60n);
          if (found !== undefined) expect(unusualSum(more + 1n, baseline, 60n)).toEqual(found);
        },
      ),
    );
  });
});

describe('a trunk', () => {
  it.each([
    ['that answers nothing any more', counts(40, 0), counts(1_000, 600), true],
    ['that answers a third of the usual', counts(100, 20), counts(1_000, 600), true],
    ['with a little less than usual', counts(100, 50), counts(1_000, 600), false],
    ['with too few calls to say', counts(10, 0), counts(1_000, 600), false],
    ['without a past', counts(100, 0), counts(100, 60), false],
    ['whose few calls may be chance', counts(20, 4), counts(1_000, 450), false],
  ])('%s', (_what, recent, baseline, collapsed) => {
    expect(collapsedAnswerRate(recent, baseline) !== undefined).toBe(collapsed);
  });

  it.each([
    ['whose calls end at once', counts(60, 50, 50 * 4), counts(1_000, 600, 600 * 120), true],
    ['whose calls are a bit shorter', counts(60, 50, 50 * 80), counts(1_000, 600, 600 * 120), false],
    ['with few answered calls', counts(60, 10, 10), counts(1_000, 600, 600 * 120), false],
  ])('%s', (_what, recent, baseline, collapsed) => {
    expect(collapsedDuration(recent, baseline) !== undefined).toBe(collapsed);
  });
});

describe('comparable hours', () => {
  it('are the same hour of the week and its neighbours, since the first call', () => {
    const hour = 10_000 * HOUR_MS;
    const hours = comparableHours(hour, 0);
    expect(hours).toHaveLength(12);
    expect(hours.slice(0, 3)).toEqual([-169, -168, -167].map((back) => hour + back * HOUR_MS));
    expect(comparableHours(hour, hour - 170 * HOUR_MS)).toHaveLength(3);
    expect(comparableHours(hour, hour - 24 * HOUR_MS)).toEqual([]);
  });
});
