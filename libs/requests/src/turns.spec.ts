import { describe, expect, it } from '@jest/globals';
import { inTurns, TooManyWaiting } from './turns.js';

describe('work in turns', () => {
  it('runs a limited number at once, queues the rest in order, and refuses when the queue is full', async () => {
    const take = inTurns(2, 3);
    const begun: number[] = [];
    const ends = new Map<number, () => void>();
    const work = (n: number) =>
      take(() => {
        begun.push(n);
        return new Promise<number>((resolve) => {
          ends.set(n, () => resolve(n));
        });
      });
    const all = [1, 2, 3, 4, 5].map(work);
    await expect(work(6)).rejects.toBeInstanceOf(TooManyWaiting);
    expect(begun).toEqual([1, 2]);
    for (const n of [2, 1, 3, 4, 5]) {
      ends.get(n)!();
      expect(await all[n - 1]).toBe(n);
    }
    expect(begun).toEqual([1, 2, 3, 4, 5]);
  });

  it('gives the place on after a failure', async () => {
    const take = inTurns(1, 1);
    await expect(take(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(await take(() => Promise.resolve(1))).toBe(1);
  });
});
