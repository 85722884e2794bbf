import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dialUntilOf, latestDialUntil, type TrunkTimes } from './dial-until.js';

const REQUESTED = '2026-11-29T10:00:00.000Z';
const secondsOf = (until: string): number => (Date.parse(until) - Date.parse(REQUESTED)) / 1_000;

const trunkTimes: fc.Arbitrary<TrunkTimes> = fc.record({
  ring_seconds: fc.option(fc.integer({ min: 5, max: 180 })),
  queue_seconds: fc.option(fc.integer({ min: 0, max: 600 })),
});
const trunksOfPlan = fc.array(trunkTimes, { minLength: 1, maxLength: 8 });
const ringSeconds = fc.option(fc.integer({ min: 5, max: 180 }), { nil: undefined });

/** When the last attempt is dialled where everything takes as long as it may. */
function lastDialled(trunks: readonly TrunkTimes[], ring: number | undefined): number {
  let now = 30;
  for (const [index, { ring_seconds, queue_seconds }] of trunks.entries()) {
    now += queue_seconds ?? 0;
    if (index < trunks.length - 1) now += 15 + (ring ?? ring_seconds ?? 45);
  }
  return now;
}

describe('until when a call may be dialled', () => {
  it.each([
    ['one trunk', [{ ring_seconds: 180, queue_seconds: null }], undefined, 60],
    ['two that ring for long', Array(2).fill({ ring_seconds: 180, queue_seconds: null }), undefined, 60 + 195],
    ['two of earlier versions', Array(2).fill({ ring_seconds: null, queue_seconds: null }), undefined, 60 + 60],
    ['two, by the time of the request', Array(2).fill({ ring_seconds: 180, queue_seconds: 40 }), 20, 30 + 80 + 35],
  ] as [string, TrunkTimes[], number | undefined, number][])('is the time of %s', (_what, trunks, ring, seconds) => {
    expect(secondsOf(dialUntilOf(REQUESTED, trunks, ring))).toBe(seconds);
  });

  it('is no earlier than the turn of the last trunk, and no more than half a minute later', () => {
    fc.assert(
      fc.property(trunksOfPlan, ringSeconds, (trunks, ring) => {
        const spare = secondsOf(dialUntilOf(REQUESTED, trunks, ring)) - lastDialled(trunks, ring);
        expect(spare).toBeGreaterThanOrEqual(0);
        expect(spare).toBeLessThanOrEqual(30);
      }),
    );
  });

  it('is without a plan no earlier than with any plan over trunks of the organisation', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(12).keys()], { minLength: 1, maxLength: 8 }), fc.gen(), (picked, g) => {
        const all = g(() => fc.array(trunkTimes, { minLength: 12, maxLength: 12 }));
        const ring = g(() => ringSeconds);
        const plan = picked.map((index) => all[index]!);
        expect(secondsOf(latestDialUntil(REQUESTED, all, ring))).toBeGreaterThanOrEqual(
          secondsOf(dialUntilOf(REQUESTED, plan, ring)),
        );
      }),
    );
  });
});
