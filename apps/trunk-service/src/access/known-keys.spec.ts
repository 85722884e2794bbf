import { describe, expect, it } from '@jest/globals';
import { KNOWN_MS, knownKeys } from './known-keys.js';

describe('known keys', () => {
  it('are known for a second, and not a moment longer', () => {
    const keys = knownKeys<string>();
    keys.set('a', 'Acme', 1_000);
    expect(keys.get('a', 1_000 + KNOWN_MS - 1)).toBe('Acme');
    expect(keys.get('a', 1_000 + KNOWN_MS)).toBeUndefined();
    expect(keys.get('b', 1_000)).toBeUndefined();
  });
  it('are forgotten at once', () => {
    const keys = knownKeys<string>();
    keys.set('a', 'Acme', 0);
    keys.forget(0);
    expect(keys.get('a', 0)).toBeUndefined();
  });
  it('are not learned again from an answer that was on its way when they were forgotten', () => {
    const keys = knownKeys<string>();
    keys.forget(1_000);
    keys.set('a', 'Acme', 999);
    expect(keys.get('a', 1_001)).toBeUndefined();
    keys.set('a', 'Acme', 1_001);
    expect(keys.get('a', 1_001)).toBe('Acme');
  });
  it('do not grow without bound', () => {
    const keys = knownKeys<number>();
    for (let n = 0; n < 25_000; n += 1) keys.set(`k${n}`, n, 0);
    expect(keys.get('k24999', 0)).toBe(24_999);
    expect(keys.get('k0', 0)).toBeUndefined();
  });
});
