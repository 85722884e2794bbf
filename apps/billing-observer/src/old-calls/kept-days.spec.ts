import { expect, it } from '@jest/globals';
import { keptFrom } from './kept-days.js';

it('whole days are kept, and today', () => {
  const now = new Date('2026-11-29T23:59:59.999Z');
  expect(keptFrom(now, 35).toISOString()).toBe('2026-10-25T00:00:00.000Z');
  expect(keptFrom(new Date(now.getTime() + 1), 35).toISOString()).toBe('2026-10-26T00:00:00.000Z');
});
