import { describe, expect, it } from '@jest/globals';
import { retryAfterMs, retryMs } from './retry.js';

describe('the next attempt to read the stream', () => {
  it.each([
    [0, undefined, 2_000],
    [1, undefined, 2_000],
    [2, undefined, 4_000],
    [5, undefined, 32_000],
    [6, undefined, 60_000],
    [2_000, undefined, 60_000],
    [1, 10_000, 10_000],
    [5, 10_000, 32_000],
    [6, 90_000, 90_000],
  ])('after %s failures, where the service asks for %s ms', (failures, asked, wait) =>
    expect(retryMs(failures, asked)).toBe(wait),
  );

  it.each([
    ['10', 10_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    [null, undefined],
  ])('reads Retry-After %s', (header, expected) => expect(retryAfterMs(header)).toBe(expected));
});
