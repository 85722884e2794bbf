import { describe, expect, it } from '@jest/globals';
import { addressToAdd, mayBeOf } from './refused-of-trunk.js';

describe('a refused call', () => {
  it.each([
    ['t1', true],
    ['t2', false],
    [null, true],
  ])('of trunk %s is shown on the page of t1: %s', (trunk, shown) =>
    expect(mayBeOf({ trunk_id: trunk }, 't1')).toBe(shown),
  );

  it.each([
    ['source-not-allowed', '203.0.113.9', [], '203.0.113.9'],
    ['unknown-source', '203.0.113.9', ['203.0.113.9'], undefined],
    ['source-not-allowed', '', [], undefined],
    ['malformed', '203.0.113.9', [], undefined],
  ] as const)('for %s from %s offers its address where that helps', (reason, source_address, known, expected) =>
    expect(addressToAdd({ reason, source_address }, known)).toBe(expected),
  );
});
