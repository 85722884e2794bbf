import { describe, expect, it } from '@jest/globals';
import { KnownTotals } from './known-totals.js';

/** Lists whose length is `length.now`; `counts` says how often it was counted. */
function lists() {
  const clock = { ms: 0 };
  const length = { now: 0, counts: 0 };
  const totals = new KnownTotals(() => clock.ms);
  const count = () => {
    length.counts += 1;
    return Promise.resolve(length.now);
  };
  return { clock, length, total: (key = 'list') => totals.of(key, count), totals };
}

describe('totals of lists', () => {
  it('are counted each time where they are small', async () => {
    const { length, total } = lists();
    for (length.now of [0, 3, 49_999]) expect(await total()).toBe(length.now);
    expect(length.counts).toBe(3);
  });

  it('are given out for two seconds where they are large, then once more while they are counted again', async () => {
    const { clock, length, total } = lists();
    length.now = 1_000_000;
    expect(await total()).toBe(1_000_000);
    length.now = 1_000_001;
    clock.ms = 1_999;
    expect(await total()).toBe(1_000_000);
    expect(length.counts).toBe(1);
    clock.ms = 2_000;
    expect(await Promise.all([total(), total()])).toEqual([1_000_000, 1_000_000]);
    expect(length.counts).toBe(2);
    expect(await total()).toBe(1_000_001);
    length.now = 7;
    clock.ms = 62_000;
    expect([await total(), await total()]).toEqual([7, 7]);
  });

  it('are those of their own list', async () => {
    const { length, total } = lists();
    length.now = 60_000;
    await total('one');
    length.now = 70_000;
    expect([await total('other'), await total('one')]).toEqual([70_000, 60_000]);
  });

  it('are counted by the next list after a count that failed', async () => {
    const { clock, totals } = lists();
    const count = (result: () => Promise<number>) => totals.of('list', result);
    await count(() => Promise.resolve(60_000));
    clock.ms = 5_000;
    expect(await count(() => Promise.reject(new Error('away')))).toBe(60_000);
    await Promise.resolve();
    await expect(count(() => Promise.reject(new Error('still away')))).rejects.toThrow('still away');
    expect(await count(() => Promise.resolve(60_001))).toBe(60_001);
  });
});
