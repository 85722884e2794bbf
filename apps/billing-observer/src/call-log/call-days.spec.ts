import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dayAfter, placeOf, stretchesOf, wholeDays } from './call-days.js';

const days = (calls: Record<string, number>) => Object.entries(calls).map(([day, count]) => ({ day, calls: count }));

describe('stretches', () => {
  it('are all of time, newest first, with what lies between counted days', () => {
    expect(stretchesOf([])).toEqual([{ from: null, to: null, calls: undefined }]);
    expect(stretchesOf(days({ '2024-02-28': 3, '2024-02-29': 0, '2024-12-31': 7 }))).toEqual([
      { from: '2025-01-01', to: null, calls: undefined },
      { from: '2024-12-31', to: '2025-01-01', calls: 7 },
      { from: '2024-03-01', to: '2024-12-31', calls: undefined },
      { from: '2024-02-29', to: '2024-03-01', calls: 0 },
      { from: '2024-02-28', to: '2024-02-29', calls: 3 },
      { from: null, to: '2024-02-28', calls: undefined },
    ]);
  });

  it('take only days that lie wholly within the dates', () => {
    const all = days({ '2025-01-01': 1, '2025-01-02': 1, '2025-01-03': 1 });
    const within = (date_from?: string, date_to?: string) =>
      wholeDays(all, { date_from, date_to }).map(({ day }) => Number(day.slice(-1)));
    expect(within()).toEqual([1, 2, 3]);
    expect(within('2025-01-02T00:00:00.000Z')).toEqual([2, 3]);
    expect(within('2025-01-02T00:00:00.001Z')).toEqual([3]);
    expect(within(undefined, '2025-01-02T23:59:59.999Z')).toEqual([1, 2]);
    expect(within(undefined, '2025-01-02T23:59:59.998Z')).toEqual([1]);
  });
});

describe('the place of a page', () => {
  it('passes over stretches before it and those without a call, and joins those that touch', () => {
    const stretches = [
      { from: '2025-01-06', to: null, calls: 5 },
      { from: '2025-01-05', to: '2025-01-06', calls: 5 },
      { from: '2025-01-04', to: '2025-01-05', calls: 0 },
      { from: '2025-01-03', to: '2025-01-04', calls: 5 },
      { from: null, to: '2025-01-03', calls: 5 },
    ];
    expect(placeOf(stretches, { skip: 7, limit: 3 })).toEqual({
      ranges: [{ from: '2025-01-05', to: '2025-01-06' }],
      skip: 2,
    });
    expect(placeOf(stretches, { skip: 7, limit: 4 })).toEqual({
      ranges: [
        { from: '2025-01-05', to: '2025-01-06' },
        { from: '2025-01-03', to: '2025-01-04' },
      ],
      skip: 2,
    });
    expect(placeOf(stretches, { skip: 10, limit: 100 })).toEqual({
      ranges: [{ from: null, to: '2025-01-04' }],
      skip: 0,
    });
    expect(placeOf(stretches, { skip: 20, limit: 100 }).ranges).toEqual([]);
  });

  it('holds the calls that are at this place of all of them', () => {
    const counts = fc.array(fc.nat(4), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(counts, fc.nat(20), fc.integer({ min: 1, max: 20 }), (calls, skip, limit) => {
        const first = '2025-01-01';
        const all = calls.map((count, index) => ({ day: first.slice(0, -1) + String(index + 1), calls: count }));
        const stretches = stretchesOf(all).map((stretch) => ({ ...stretch, calls: stretch.calls ?? 0 }));
        const named = [...all]
          .reverse()
          .flatMap(({ day, calls: count }) =>
            Array.from({ length: count }, (_unused, nth) => ({ day, name: `${day} ${nth}` })),
          );
        const { ranges, skip: passed } = placeOf(stretches, { skip, limit });
        const inRanges = named.filter(({ day }) =>
          ranges.some(({ from, to }) => (from === null || from <= day) && (to === null || dayAfter(day) <= to)),
        );
        expect(inRanges.slice(passed, passed + limit)).toEqual(named.slice(skip, skip + limit));
      }),
    );
  });
});
