import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createByteBudget } from './byte-budget.js';

describe('the byte budget', () => {
  it('allows speech without end, and the longest message of the queue in one piece', () => {
    const budget = createByteBudget(0);
    let refused = 0;
    for (let frame = 0; frame < 180_000; frame += 1) refused += Number(!budget.spend(330, frame * 20));
    expect(refused).toBe(0);
    expect(budget.spend(1_048_576, 3_600_000)).toBe(true);
  });

  it('holds a flood back until the debt is paid', () => {
    const budget = createByteBudget(0);
    let messages = 1;
    while (budget.spend(1_000_000, 0)) messages += 1;
    expect(messages).toBe(5);
    const pause = budget.pauseMs(0);
    expect(pause).toBeGreaterThan(0);
    expect(budget.pauseMs(pause - 1)).toBe(1);
    expect(budget.pauseMs(pause)).toBe(0);
  });

  it('charges a message without content too', () => {
    const budget = createByteBudget(0);
    let messages = 0;
    while (budget.spend(2, 0)) messages += 1;
    expect(messages).toBeLessThan(50_000);
  });

  it('in the long run never lets more through than ten times what speech needs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ later: fc.nat(1_000), bytes: fc.nat(1_000_000) }), { maxLength: 300 }),
        (messages) => {
          const budget = createByteBudget(0);
          let now = 0,
            through = 0;
          for (const { later, bytes } of messages) {
            now += later;
            now += budget.pauseMs(now);
            budget.spend(bytes, now);
            through += bytes;
            expect(through).toBeLessThanOrEqual(4 * 1024 * 1024 + now * 128 + 1_000_000);
          }
        },
      ),
    );
  });
});
