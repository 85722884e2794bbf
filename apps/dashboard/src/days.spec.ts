import { describe, expect, it } from '@jest/globals';
import { dayIn, daysFilter } from './days.js';

describe('a filter by days', () => {
  it('leaves them to the API, which takes them in the zone of the organisation', () =>
    expect(daysFilter({ from: '2026-11-27', to: '2026-11-28' })).toEqual({
      date_from: '2026-11-27',
      date_to: '2026-11-28',
    }));

  it.each([
    ['UTC', '2026-11-29T23:30:00Z', '2026-11-29'],
    ['Pacific/Kiritimati', '2026-11-29T10:00:00Z', '2026-11-30'],
    ['Pacific/Pago_Pago', '2026-11-30T10:59:00Z', '2026-11-29'],
    ['Mars/Olympus', '2026-11-30T10:59:00Z', '2026-11-30'],
  ])('begins in %s at %s with %s', (zone, at, day) => expect(dayIn(zone, new Date(at))).toBe(day));

  it('leaves out what is no day', () => {
    expect(daysFilter({ from: 'yesterday', to: '2026-02-31' })).toEqual({});
    expect(daysFilter({ from: '', to: '2026-11-28T10:00:00Z' })).toEqual({});
  });
});
