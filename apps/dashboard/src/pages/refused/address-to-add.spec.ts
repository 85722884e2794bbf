import { describe, expect, it } from '@jest/globals';
import { addressToAdd } from './address-to-add.js';

describe('a refused call', () => {
  it.each([
    ['source-not-allowed', '203.0.113.9', [], '203.0.113.9'],
    ['unknown-source', '203.0.113.9', ['203.0.113.9'], undefined],
    ['unknown-source', '203.0.113.9', undefined, '203.0.113.9'],
    ['source-not-allowed', '', [], undefined],
    ['malformed', '203.0.113.9', [], undefined],
  ] as const)('for %s from %s offers its address where that helps', (reason, source_address, known, expected) =>
    expect(addressToAdd({ reason, source_address }, known)).toBe(expected),
  );
});
