import { describe, expect, it } from '@jest/globals';
import { stateAfter } from './decided.js';

describe('stateAfter', () => {
  const before = { subject: 's', version: 3, state: { name: 'a' } };
  it('is the same without events', () => expect(stateAfter(before, [])).toEqual(before));
  it('takes the last state and counts every event', () => {
    expect(
      stateAfter(before, [
        { type: 'X', change: {}, state: { name: 'b' } },
        { type: 'Y', change: {}, state: null },
      ]),
    ).toEqual({ subject: 's', version: 5, state: null });
  });
});
