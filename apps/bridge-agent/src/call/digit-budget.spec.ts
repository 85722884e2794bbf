import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDigitBudget } from './digit-budget.js';

describe('digits towards the caller', () => {
  it('may come all at once, and then ten a second', () => {
    const budget = createDigitBudget(0);
    expect([
      budget.spend(64, 0),
      budget.spend(1, 0),
      budget.spend(1, 100),
      budget.spend(10, 1_100),
      budget.spend(1, 1_100),
    ]).toEqual([true, false, true, true, false]);
  });

  it('are never more than that, however they come', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 500 }))), (requests) => {
        const budget = createDigitBudget(0);
        let now = 0;
        let sent = 0;
        for (const [digits, pause] of requests) {
          now += pause;
          if (budget.spend(digits, now)) sent += digits;
          expect(sent).toBeLessThanOrEqual(64 + now / 100 + 1e-6);
        }
      }),
    );
  });
});
