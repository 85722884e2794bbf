import { describe, expect, it } from '@jest/globals';
import { daysOf, instantsOf, monthOf, monthsUpTo, monthText } from './month.js';

describe('a month', () => {
  it('is that of the time zone', () => {
    const instant = Date.parse('2026-10-31T20:00:00Z');
    expect(monthOf(instant, 'UTC')).toBe('2026-10');
    expect(monthOf(instant, 'Asia/Manila')).toBe('2026-11');
    expect(monthsUpTo('2026-02', 3)).toEqual(['2026-02', '2026-01', '2025-12']);
    expect(monthText('2026-11')).toBe('November 2026');
    expect(daysOf('2028-02')).toEqual({ from: '2028-02-01', to: '2028-02-29' });
  });

  it.each([
    ['2026-11', 'UTC', '2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999Z'],
    ['2026-11', 'Asia/Manila', '2026-10-31T16:00:00.000Z', '2026-11-30T15:59:59.999Z'],
    // The clocks are set within the month.
    ['2026-03', 'Europe/Berlin', '2026-02-28T23:00:00.000Z', '2026-03-31T21:59:59.999Z'],
    ['2026-12', 'America/New_York', '2026-12-01T05:00:00.000Z', '2027-01-01T04:59:59.999Z'],
  ])('%s in %s', (month, zone, date_from, date_to) => expect(instantsOf(month, zone)).toEqual({ date_from, date_to }));
});
