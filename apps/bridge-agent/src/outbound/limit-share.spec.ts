import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shareOf } from './limit-share.js';

describe("a bridge's share of a trunk's limits", () => {
  it('is as many channels as the trunk has, all bridges together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 }), (max_channels, bridges) => {
        const shares = Array.from(
          { length: bridges },
          (_unused, index) => shareOf({ max_channels, max_cps: null }, { bridges, place: index + 1 }).max_channels!,
        );
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(max_channels);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is an equal part of the new calls a second, and nothing without limits', () => {
    expect(shareOf({ max_channels: null, max_cps: 5 }, { bridges: 2, place: 2 })).toEqual({
      max_channels: null,
      max_cps: 2.5,
    });
  });

  it('is no channel where the bridge is not one of those that share', () => {
    expect(shareOf({ max_channels: 9, max_cps: null }, { bridges: 2, place: undefined }).max_channels).toBe(0);
  });
});
