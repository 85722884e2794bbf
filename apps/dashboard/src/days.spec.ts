import { describe, expect, it } from '@jest/globals';
import { daysFilter } from './days.js';

describe('a filter by days', () => {
  it('means whole days in the viewer’s zone', () => {
    const { date_from, date_to } = daysFilter({ from: '2026-11-27', to: '2026-11-28' });
    expect(new Date(date_from!).getHours()).toBe(0);
    expect(new Date(date_from!).getDate()).toBe(27);
    expect(Date.parse(date_to!) - Date.parse(date_from!)).toBe(2 * 86_400_000 - 1);
    expect(daysFilter({ from: 'yesterday', to: '2026-02-31' }).date_from).toBeUndefined();
  });
});
