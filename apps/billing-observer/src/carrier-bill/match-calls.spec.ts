import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchCalls, type TimedCall } from './match-calls.js';

const call = (second: number, seconds = 60): TimedCall => ({ second, seconds });
const times = (pairs: readonly [TimedCall, TimedCall][]) =>
  pairs.map(([ours, theirs]) => [ours.second, theirs.second]).sort((a, b) => a[0]! - b[0]!);

describe('pairing calls between two numbers', () => {
  it('is not greedy in the order of the rows', () => {
    // The first row would take 30, and the second would have none within the tolerance.
    expect(times(matchCalls([call(20), call(50)], [call(30, 9), call(0, 9)], 20).pairs)).toEqual([
      [20, 0],
      [50, 30],
    ]);
  });
  it('prefers the same length where the times are the same', () => {
    const { pairs } = matchCalls([call(0, 10), call(0, 70)], [call(3, 71), call(3, 11)], 10);
    expect(pairs.map(([ours, theirs]) => [ours.seconds, theirs.seconds])).toEqual([
      [10, 11],
      [70, 71],
    ]);
  });
  it('pairs what agrees exactly first', () => {
    expect(times(matchCalls([call(0), call(10)], [call(10), call(20)], 10).pairs)).toEqual([[10, 10]]);
  });
  it('leaves what is too far apart, and takes what is just within', () => {
    expect(matchCalls([call(0)], [call(61)], 60).pairs).toEqual([]);
    expect(matchCalls([call(0)], [call(60)], 60).pairs).toHaveLength(1);
  });
  it('pairs a very busy pair of numbers too', () => {
    const many = Array.from({ length: 3_000 }, (_none, index) => call(index, 30));
    const { pairs, ours } = matchCalls(
      many,
      many.map(({ second }) => call(second + 1, 31)),
      60,
    );
    expect([pairs.length, ours.length]).toEqual([3_000, 0]);
  });
});

const calls = fc.array(
  fc.record({ second: fc.integer({ min: 0, max: 300 }), seconds: fc.integer({ min: 0, max: 4 }) }),
  {
    maxLength: 12,
  },
);
const tolerance = fc.integer({ min: 0, max: 60 });
const sorted = (matching: ReturnType<typeof matchCalls>) =>
  JSON.stringify([
    matching.pairs.map((pair) => JSON.stringify(pair)).sort(),
    matching.ours.map((one) => JSON.stringify(one)).sort(),
    matching.theirs.map((one) => JSON.stringify(one)).sort(),
  ]);

/** The most pairs that there can be, by Kuhn's algorithm: it knows nothing of times in order. */
function mostPairs(ours: readonly TimedCall[], theirs: readonly TimedCall[], within: number): number {
  const takenBy = new Array<number>(theirs.length).fill(-1);
  const place = (i: number, seen: Set<number>): boolean =>
    theirs.some((one, j) => {
      if (seen.has(j) || Math.abs(one.second - ours[i]!.second) > within) return false;
      seen.add(j);
      if (takenBy[j]! >= 0 && !place(takenBy[j]!, seen)) return false;
      takenBy[j] = i;
      return true;
    });
  return ours.filter((_one, i) => place(i, new Set())).length;
}

describe('every pairing', () => {
  it('uses each call once, pairs or leaves it, and pairs nothing beyond the tolerance', () =>
    fc.assert(
      fc.property(calls, calls, tolerance, (ours, theirs, within) => {
        const matching = matchCalls(ours, theirs, within);
        const both = [...matching.pairs.map(([one]) => one), ...matching.ours];
        const others = [...matching.pairs.map(([, one]) => one), ...matching.theirs];
        expect([new Set(both).size, both.length]).toEqual([ours.length, ours.length]);
        expect([new Set(others).size, others.length]).toEqual([theirs.length, theirs.length]);
        for (const [one, other] of matching.pairs)
          expect(Math.abs(one.second - other.second)).toBeLessThanOrEqual(within);
      }),
    ));
  it('is the same whatever the order of the rows', () =>
    fc.assert(
      fc.property(calls, calls, tolerance, fc.infiniteStream(fc.nat()), (ours, theirs, within, order) => {
        const shuffled = <One>(list: readonly One[]) =>
          list
            .map((one) => ({ one, at: order.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
        expect(sorted(matchCalls(shuffled(ours), shuffled(theirs), within))).toBe(
          sorted(matchCalls(ours, theirs, within)),
        );
      }),
    ));
  it('leaves no two calls that agree exactly', () =>
    fc.assert(
      fc.property(calls, calls, tolerance, (ours, theirs, within) => {
        const { ours: left, theirs: right } = matchCalls(ours, theirs, within);
        const keys = new Set(left.map(({ second, seconds }) => `${second}/${seconds}`));
        expect(right.filter(({ second, seconds }) => keys.has(`${second}/${seconds}`))).toEqual([]);
      }),
    ));
  it('has as many pairs as there can be, beside those that agree exactly', () =>
    fc.assert(
      fc.property(calls, calls, tolerance, (ours, theirs, within) => {
        const { pairs } = matchCalls(ours, theirs, within);
        const exact = pairs.filter(([a, b]) => a.second === b.second && a.seconds === b.seconds);
        const [used, taken] = [new Set(exact.map(([a]) => a)), new Set(exact.map(([, b]) => b))];
        const rest = mostPairs(
          ours.filter((one) => !used.has(one)),
          theirs.filter((one) => !taken.has(one)),
          within,
        );
        expect(pairs.length).toBeGreaterThanOrEqual(rest);
      }),
    ));
});
