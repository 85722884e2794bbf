import { expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';

it('doubles up to the ceiling, half of it by chance', () => {
  expect([0, 1, 2, 10, 1000].map((attempt) => backoffMs(attempt, 0))).toEqual([50, 100, 200, 2500, 2500]);
  expect([0, 1, 2, 10, 1000].map((attempt) => backoffMs(attempt, 1))).toEqual([100, 200, 400, 5000, 5000]);
});
