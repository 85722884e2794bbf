import { describe, expect, it } from '@jest/globals';
import { dayBar } from './availability.js';

const day = (up_seconds: number, down_seconds: number, unknown_seconds = 0) => {
  const known = up_seconds + down_seconds;
  const availability = known === 0 ? null : up_seconds / known;
  return dayBar({ date: '2026-03-01', up_seconds, down_seconds, unknown_seconds, availability });
};

describe("a day's availability", () => {
  it.each([
    [day(86_400, 0), 100, 0, '100.00 % available'],
    [day(86_399, 1), 100, 0, '99.99 % available'],
    [day(21_600, 21_600, 43_200), 25, 25, '50.00 % available'],
    [day(0, 0, 3_600), 0, 0, 'nothing is known'],
    [day(0, 0), 0, 0, 'nothing is known'],
  ])('%j', ({ up, down, text }, expectedUp, expectedDown, expectedText) =>
    expect([up, down, text]).toEqual([expectedUp, expectedDown, expectedText]),
  );
});
