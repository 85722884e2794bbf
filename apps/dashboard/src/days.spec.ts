import { describe, expect, it } from '@jest/globals';
import { daysFilter } from './days.js';

describe('a filter by days', () => {
  it('leaves them to the API, which takes them in the zone of the organisation', () =>
    expect(daysFilter({ from: '2026-11-27', to: '2026-11-28' })).toEqual({
      date_from: '2026-11-27',
      date_to: '2026-11-28',
    }));

  it('leaves out what is no day', () => {
    expect(daysFilter({ from: 'yesterday', to: '2026-02-31' })).toEqual({});
    expect(daysFilter({ from: '', to: '2026-11-28T10:00:00Z' })).toEqual({});
  });
});
