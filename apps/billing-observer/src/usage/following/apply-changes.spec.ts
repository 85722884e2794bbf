import { describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { pino } from 'pino';
import { applyChanges } from './apply-changes.process.js';

describe('changes that are applied', () => {
  it('go on beside one that cannot be applied, and so does what comes afterwards; it is tried again', async () => {
    const applied: string[] = [];
    let afterwards = 0;
    let broken = true;
    const changes = applyChanges<string>({
      apply: (some) => {
        if (broken && some.includes('broken')) return Promise.reject(new Error('no'));
        applied.push(...some);
        return Promise.resolve();
      },
      afterwards: () => Promise.resolve((afterwards += 1)),
      logger: pino({ level: 'silent' }),
      failed: 'cannot apply',
    });
    for (const change of ['a', 'broken', 'b']) changes.put(change, change);
    await eventually(() => applied.includes('b') && afterwards > 0);
    expect(applied).toEqual(['a', 'b']);
    broken = false;
    await eventually(() => applied.includes('broken'), { timeoutMs: 10_000 });
    await changes.stop();
    expect(applied).toEqual(['a', 'b', 'broken']);
  });
});
