import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { confirmedThrough, lowestMissing, NOTHING_RECEIVED, receive, receiveAll, type Numbering } from './numbering.js';

const countMissing = ({ missing }: Numbering) => missing.reduce((sum, [from, to]) => sum + to - from + 1, 0);

describe("the numbering of a bridge's records", () => {
  it.each<[string, number[], number, number[]]>([
    ['nothing yet', [], 0, []],
    ['one after the other', [1, 2, 3], 3, []],
    ['out of order, nothing missing', [3, 1, 2], 3, []],
    ['the first did not come', [2], 0, [1]],
    ['two gaps', [1, 2, 5, 9], 2, [3, 4, 6, 7, 8]],
    ['the upper gap closed first', [1, 2, 5, 9, 6, 7, 8], 2, [3, 4]],
    ['a gap split in the middle', [1, 7, 4], 1, [2, 3, 5, 6]],
    ['one of them twice', [1, 1, 2, 2], 2, []],
  ])('%s', (_case, numbers, through, missing) => {
    const numbering = numbers.reduce(receive, NOTHING_RECEIVED);
    expect({ through: confirmedThrough(numbering), missing: lowestMissing(numbering, 1000) }).toEqual({
      through,
      missing,
    });
  });

  it('names no more than it is asked for, the lowest first', () => {
    const numbering = receive(NOTHING_RECEIVED, 1_000_000_000);
    expect(lowestMissing(numbering, 3)).toEqual([1, 2, 3]);
    expect(countMissing(numbering)).toBe(999_999_999);
  });

  it('knows exactly what is missing, whatever comes in whatever order, one at a time or in batches', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }), { maxLength: 10 }),
        (batches) => {
          const received = new Set(batches.flat());
          const highest = Math.max(0, ...received);
          const expected = Array.from({ length: highest }, (_, index) => index + 1).filter(
            (number) => !received.has(number),
          );
          const inBatches = batches.reduce(receiveAll, NOTHING_RECEIVED);
          const oneByOne = batches.flat().reduce(receive, NOTHING_RECEIVED);
          for (const numbering of [inBatches, oneByOne]) {
            expect(lowestMissing(numbering, 1000)).toEqual(expected);
            expect(countMissing(numbering)).toBe(expected.length);
            expect(confirmedThrough(numbering)).toBe((expected[0] ?? highest + 1) - 1);
          }
        },
      ),
    );
  });
});
