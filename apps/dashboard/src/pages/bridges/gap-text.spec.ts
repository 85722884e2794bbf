import { describe, expect, it } from '@jest/globals';
import { outlookText, recordsText } from './gap-text.js';

describe('records that have not come', () => {
  it.each([
    [17, 17, 'call record 17'],
    [17, 19, 'call records 17 to 19'],
  ])('%d to %d', (first, last, text) => expect(recordsText({ first, last })).toBe(text));

  const acceptance = { reason: 'disk destroyed', accepted_by: 'night-shift', accepted_at: '2026-11-23T00:44:09.871Z' };
  it.each([
    [true, null, /asked for them again/],
    [false, null, /lost with the disk/],
    [true, acceptance, /^accepted as lost by night-shift: disk destroyed$/],
  ])('are explained', (requested, accepted, text) => {
    expect(outlookText({ requested, acceptance: accepted })).toMatch(text);
  });
});
