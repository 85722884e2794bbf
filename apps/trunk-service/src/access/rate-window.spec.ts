import { describe, expect, it } from '@jest/globals';
import { RateWindow } from './rate-window.js';

describe('a rate window', () => {
  it('lets so many through in each window, for each key', () => {
    const window = new RateWindow(2, 1_000);
    const take = (key: string, now: number) => window.take(key, now);
    expect([take('a', 100), take('a', 200), take('b', 300)].every(({ within }) => within)).toBe(true);
    expect(take('a', 400)).toEqual({ within: false, first: true, retryMs: 600 });
    expect(take('a', 999)).toEqual({ within: false, first: false, retryMs: 1 });
    expect(take('b', 999)).toEqual({ within: true });
    expect(take('a', 1_000)).toEqual({ within: true });
  });
  it('of 0 is none', () => {
    const window = new RateWindow(0, 1_000);
    for (let n = 0; n < 100; n += 1) expect(window.take('a', 0)).toEqual({ within: true });
  });
  it('does not grow without bound, and goes on limiting', () => {
    const window = new RateWindow(5, 1_000);
    for (let n = 0; n < 100_000; n += 1) window.take(`k${n}`, 0);
    expect(Array.from({ length: 6 }, (_, n) => window.take(`late${n}`, 0).within)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(window.take('k1', 0)).toEqual({ within: true });
  });
});
