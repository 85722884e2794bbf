import { describe, expect, it } from '@jest/globals';
import { everyOne } from './every-one.js';

const what = 'calls';
const odd = (n: number) => (n % 2 === 1 ? Promise.reject(new Error(`no ${n}`)) : Promise.resolve(n));

describe('work on every one', () => {
  it('goes on after failures and names them at the end', async () => {
    const seen: number[] = [];
    const working = everyOne([1, 2, 3, 4], { what }, (n) => {
      seen.push(n);
      return odd(n);
    });
    await expect(working).rejects.toThrow('calls: 2 failed, 6 done; no 1; no 3');
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('says how much was done', async () => {
    expect(await everyOne([2, 4], { what }, odd)).toBe(6);
  });

  it('ends after ten failures: those are no fault of the items', async () => {
    let tried = 0;
    const failing = everyOne(Array.from({ length: 99 }), { what }, () => {
      tried += 1;
      return Promise.reject(new Error('down'));
    });
    await expect(failing).rejects.toThrow('calls: 10 failed');
    expect(tried).toBe(10);
  });

  it('ends when it is stopped', async () => {
    const stopping = new AbortController();
    const seen: number[] = [];
    const working = everyOne([1, 2, 3], { what, signal: stopping.signal }, (n) => {
      seen.push(n);
      if (n === 2) stopping.abort();
      return Promise.resolve(1);
    });
    await expect(working).rejects.toThrow('aborted');
    expect(seen).toEqual([1, 2]);
  });
});
