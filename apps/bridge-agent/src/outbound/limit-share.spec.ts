import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shareAmong, shareOf } from './limit-share.js';

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

describe('the share that trunk-service gave some time ago', () => {
  it.each([
    ['stays while as many bridges are online', { bridges: 2, place: 1 }, ['b1', 'b2'], { bridges: 2, place: 1 }],
    ['stays while fewer are', { bridges: 3, place: 2 }, ['b1'], { bridges: 3, place: 2 }],
    ['is smaller where bridges were added', { bridges: 1, place: 1 }, ['b2', 'b1', 'b0'], { bridges: 3, place: 2 }],
    ['counts itself before its own heartbeat', { bridges: 1, place: 1 }, ['b2'], { bridges: 2, place: 1 }],
    ['stays none of a pool that this bridge left', { bridges: 2, place: undefined }, ['b1'], { bridges: 2 }],
  ])('%s', (_what, told, online, share) => expect(shareAmong(told, 'b1', online)).toEqual(share));

  const IDS = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'];
  const told = fc
    .integer({ min: 1, max: 8 })
    .chain((bridges) => fc.record({ bridges: fc.constant(bridges), place: fc.integer({ min: 1, max: bridges }) }));

  it('is never more than it was', () => {
    const ids = fc.uniqueArray(fc.constantFrom(...IDS));
    fc.assert(
      fc.property(ids, told, fc.integer({ min: 1, max: 30 }), (online, before, max_channels) => {
        const limits = { max_channels, max_cps: 1 };
        const now = shareOf(limits, shareAmong(before, 'b1', online));
        expect(now.max_cps!).toBeLessThanOrEqual(shareOf(limits, before).max_cps!);
        expect(now.max_channels!).toBeLessThanOrEqual(shareOf(limits, before).max_channels!);
      }),
    );
  });

  it('is no more than the limit, all bridges together, whatever each got and when', () => {
    const fleet = fc.array(told, { minLength: 1, maxLength: IDS.length });
    fc.assert(
      fc.property(fleet, fc.integer({ min: 1, max: 40 }), (shares, max_channels) => {
        const online = IDS.slice(0, shares.length);
        const used = shares.map((share, index) =>
          shareOf({ max_channels, max_cps: 1 }, shareAmong(share, online[index]!, online)),
        );
        expect(used.reduce((sum, share) => sum + share.max_channels!, 0)).toBeLessThanOrEqual(max_channels);
        expect(used.reduce((sum, share) => sum + share.max_cps!, 0)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });
});
