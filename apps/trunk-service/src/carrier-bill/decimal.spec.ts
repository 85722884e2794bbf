import { describe, expect, it } from '@jest/globals';
import { parseDecimal } from './decimal.js';

describe('a decimal number as an integer', () => {
  it.each<[string, '.' | ',', bigint | undefined]>([
    ['0.0085', '.', 8_500n],
    ['-0.00850', '.', -8_500n],
    ['1,234.5', '.', 1_234_500_000n],
    ['1.234,5', ',', 1_234_500_000n],
    ['€ 0,1', ',', 100_000n],
    ['.5', '.', 500_000n],
    ['7', '.', 7_000_000n],
    ['0.0000005', '.', 1n],
    ['0.0000004999', '.', 0n],
    ['8.5E-05', '.', 85n],
    ['1e3', '.', 1_000_000_000n],
    ['', '.', undefined],
    ['.', '.', undefined],
    ['free', '.', undefined],
    ['1.2.3', '.', undefined],
    ['=1+1', '.', undefined],
    ['9'.repeat(16), '.', undefined],
  ])('%j with "%s" is %s', (text, point, value) => expect(parseDecimal(text, point, 6)).toBe(value));
});
