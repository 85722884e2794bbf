import { describe, expect, it } from '@jest/globals';
import { qualityToday } from './quality-today.js';

describe('the quality of today', () => {
  it.each([
    [[], '–', 'No call was measured'],
    [[null, null], '–', 'No call was measured'],
    [[4.4], '4.4', 'Good, by the one measured call of today.'],
    [[4.4, 2, 3.7, null], '3.7', 'Fair: some callers hear it, by the latest 3 measured calls of today.'],
    [[1.2, 4.4], '1.2', 'Bad'],
  ])('of %j is %s, with its scale', (scores, value, note) => {
    const quality = qualityToday(scores);
    expect(quality.value).toBe(value);
    expect(quality.note).toContain(note);
    if (value !== '–') expect(quality.note).toContain('from 1.0 to 4.5');
  });
});
