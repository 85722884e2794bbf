import { describe, expect, it } from '@jest/globals';
import { hoursText, timeShift } from './time-shift.js';

describe('whether the whole file is in another time zone', () => {
  it.each([
    ['it agrees', [{ half_hours: 0, rows: 100 }], 100, 0],
    [
      'an hour later',
      [
        { half_hours: 2, rows: 98 },
        { half_hours: 0, rows: 3 },
      ],
      100,
      3_600,
    ],
    ['half an hour earlier than five hours', [{ half_hours: -11, rows: 50 }], 50, -19_800],
    [
      'some rows alone are later',
      [
        { half_hours: 2, rows: 60 },
        { half_hours: 0, rows: 40 },
      ],
      100,
      0,
    ],
    [
      'as many agree',
      [
        { half_hours: 2, rows: 95 },
        { half_hours: 0, rows: 95 },
      ],
      100,
      0,
    ],
    ['too few rows', [{ half_hours: 2, rows: 2 }], 2, 0],
    ['nothing near', [], 0, 0],
  ])('%s', (_what, votes, sampled, shift) => expect(timeShift(votes, sampled)).toBe(shift));

  it('is said in hours', () => expect([hoursText(3_600), hoursText(-19_800)]).toEqual(['1 hour', '5.5 hours']));
});
