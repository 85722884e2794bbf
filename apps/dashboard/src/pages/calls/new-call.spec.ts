import { describe, expect, it } from '@jest/globals';
import { NEW_CALL, readingOf } from './new-call.js';

const problem = (status: number) => ({ title: 'No', detail: 'No.', status });

describe('a call that was just started', () => {
  it('is looked for until it is in the call log, and not for ever', () => {
    const { retry } = readingOf(NEW_CALL);
    expect(retry?.(0, problem(404))).toBe(true);
    expect(retry?.(59, problem(404))).toBe(true);
    expect(retry?.(60, problem(404))).toBe(false);
    expect(retry?.(0, problem(403))).toBe(false);
  });

  it.each([null, undefined, 'text', {}, { isNewCall: 'yes' }])('is not every call: %p', (state) => {
    expect(readingOf(state)).toEqual({});
  });
});
