import { describe, expect, it } from '@jest/globals';
import { CanceledAhead } from './canceled-ahead.js';

const call = (n: number, organization_id = 'one') => ({ call_id: `${n}`, organization_id });
const MINUTES = 60_000;

describe('calls that were canceled before they were requested', () => {
  it('are kept for ten minutes, for their organisation alone', () => {
    const ahead = new CanceledAhead();
    ahead.note(call(1), 0);
    expect(ahead.has(call(1), 10 * MINUTES)).toBe(true);
    expect(ahead.has(call(1), 10 * MINUTES + 1)).toBe(false);
    expect(ahead.has(call(1, 'other'), 0)).toBe(false);
    expect(ahead.has(call(2), 0)).toBe(false);
  });

  it('are the latest 10,000, and one that is noted again counts as late', () => {
    const ahead = new CanceledAhead();
    for (let n = 0; n < 10_000; n += 1) ahead.note(call(n), 0);
    ahead.note(call(0), 1);
    ahead.note(call(10_000), 1);
    expect([0, 1, 2, 10_000].map((n) => ahead.has(call(n), 1))).toEqual([true, false, true, true]);
  });
});
