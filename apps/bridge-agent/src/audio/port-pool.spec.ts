import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPortPool, type PortPair } from './port-pool.js';

describe('the port pool', () => {
  it("gives pairs of neighbours, the agent's even, all within the range", () => {
    const pool = createPortPool({ first: 28_001, last: 28_006, holdBackMs: 30_000 });
    expect([pool.take(0), pool.take(0), pool.take(0)]).toEqual([
      { agent: 28_002, freeswitch: 28_003 },
      { agent: 28_004, freeswitch: 28_005 },
      undefined,
    ]);
    expect([pool.size, pool.inUse]).toEqual([2, 2]);
  });

  it('holds a pair back after its call', () => {
    const pool = createPortPool({ first: 28_000, last: 28_001, holdBackMs: 30_000 });
    const pair = pool.take(0)!;
    pool.giveBack(pair, 1_000);
    expect(pool.take(30_999)).toBeUndefined();
    expect(pool.take(31_000)).toEqual(pair);
  });

  it('begins at the given port and wraps around', () => {
    const pool = createPortPool({ first: 28_000, last: 28_007, holdBackMs: 0, beginAt: 0.5 });
    expect([0, 0, 0, 0].map((now) => pool.take(now)?.agent)).toEqual([28_004, 28_006, 28_000, 28_002]);
  });

  it('never gives a pair twice, nor one whose rest is not over', () => {
    const step = fc.record({ later: fc.nat(20_000), what: fc.constantFrom('take', 'take', 'give') });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, beginAt) => {
          const pool = createPortPool({ first: 28_000, last: 28_019, holdBackMs: 30_000, beginAt });
          const taken: PortPair[] = [];
          const rested = new Map<number, number>();
          let now = 0;
          for (const { later, what } of steps) {
            now += later;
            if (what === 'give' && taken.length > 0) {
              const pair = taken.shift()!;
              pool.giveBack(pair, now);
              rested.set(pair.agent, now + 30_000);
            } else {
              const pair = pool.take(now);
              const free = 10 - taken.length - [...rested.values()].filter((until) => until > now).length;
              expect(pair !== undefined).toBe(free > 0);
              if (!pair) continue;
              expect(taken.map(({ agent }) => agent)).not.toContain(pair.agent);
              expect(rested.get(pair.agent) ?? 0).toBeLessThanOrEqual(now);
              taken.push(pair);
              rested.delete(pair.agent);
            }
            expect(pool.inUse).toBe(taken.length);
          }
        },
      ),
    );
  });
});
