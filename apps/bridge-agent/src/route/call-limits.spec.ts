import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forgetIdle, freeChannel, occupyChannel, takeChannel, type CallLimits } from './call-limits.js';

const NONE = { max_channels: null, max_cps: null };

describe("a trunk's limits on this host", () => {
  it('channels: taken, refused when all are, free again after a hang-up', () => {
    const limits: CallLimits = new Map();
    const take = () => takeChannel(limits, 't', { max_channels: 2, max_cps: null }, 0);
    expect([take(), take(), take()]).toEqual([true, true, false]);
    freeChannel(limits, 't');
    expect([take(), take()]).toEqual([true, false]);
  });

  it("one trunk's calls do not count for another", () => {
    const limits: CallLimits = new Map();
    expect([
      takeChannel(limits, 'a', { max_channels: 1, max_cps: null }, 0),
      takeChannel(limits, 'b', { max_channels: 1, max_cps: null }, 0),
    ]).toEqual([true, true]);
  });

  it.each<[string, number, number[], boolean[]]>([
    [
      'ten a second, all at once',
      10,
      Array.from({ length: 11 }, () => 0),
      [...Array.from({ length: 10 }, () => true), false],
    ],
    ['two a second, sent evenly', 2, [0, 500, 1000, 1500, 2000], [true, true, true, true, true]],
    ['one in ten seconds', 0.1, [0, 5_000, 9_999, 10_000], [true, false, false, true]],
    ['a clock that goes back', 1, [10_000, 0], [true, false]],
  ])('new calls: %s', (_case, max_cps, times, expected) => {
    const limits: CallLimits = new Map();
    expect(times.map((now) => takeChannel(limits, 't', { max_channels: null, max_cps }, now))).toEqual(expected);
  });

  it('without limits everything passes, and calls found after a restart count', () => {
    const limits: CallLimits = new Map();
    for (let call = 0; call < 1000; call += 1) expect(takeChannel(limits, 't', NONE, 0)).toBe(true);
    occupyChannel(limits, 'u', 0);
    expect(takeChannel(limits, 'u', { max_channels: 1, max_cps: null }, 0)).toBe(false);
    freeChannel(limits, 'u');
    expect(takeChannel(limits, 'u', { max_channels: 1, max_cps: 5 }, 0)).toBe(true);
  });

  it("never more channels than allowed, never more new calls than the rate and one second's worth", () => {
    const step = fc.oneof(fc.record({ wait: fc.integer({ min: 0, max: 700 }) }), fc.constant('free' as const));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        (steps, max_channels, max_cps) => {
          const limits: CallLimits = new Map();
          let now = 0;
          let active = 0;
          let passed = 0;
          for (const one of steps) {
            if (one === 'free') {
              freeChannel(limits, 't');
              active = Math.max(0, active - 1);
              continue;
            }
            now += one.wait;
            if (!takeChannel(limits, 't', { max_channels, max_cps }, now)) continue;
            active += 1;
            passed += 1;
            expect(active).toBeLessThanOrEqual(max_channels);
            expect(passed).toBeLessThanOrEqual(max_cps + (now / 1000) * max_cps + 1e-6);
          }
        },
      ),
    );
  });

  it('trunks that are idle for a minute are forgotten, others not', () => {
    const limits: CallLimits = new Map();
    takeChannel(limits, 'busy', NONE, 0);
    takeChannel(limits, 'idle', NONE, 0);
    freeChannel(limits, 'idle');
    forgetIdle(limits, 60_001);
    expect([...limits.keys()]).toEqual(['busy']);
  });
});
