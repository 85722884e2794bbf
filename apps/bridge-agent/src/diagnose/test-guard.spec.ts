import { expect, it } from '@jest/globals';
import { enterTest, leaveTest, MAX_TESTS, testGuard } from './test-guard.js';

it('lets one test of an organisation run, and a few of all', () => {
  const guard = testGuard();
  expect(enterTest(guard, 'a')).toBe(true);
  expect(enterTest(guard, 'a')).toBe(false);
  for (let more = 1; more < MAX_TESTS; more += 1) expect(enterTest(guard, `b${more}`)).toBe(true);
  expect(enterTest(guard, 'c')).toBe(false);
  leaveTest(guard, 'a');
  expect(enterTest(guard, 'c')).toBe(true);
});
