import { describe, expect, it } from '@jest/globals';
import { cpsWindowSeconds, permitted, type TrunkUse } from './permit.js';

const use = (more: Partial<TrunkUse>): TrunkUse => ({
  max_channels: null,
  max_cps: null,
  channels: 0,
  recent: 0,
  ahead: 0,
  ...more,
});

describe('a permit to dial', () => {
  it.each<[string, Partial<TrunkUse>, boolean]>([
    ['without limits', { channels: 900, recent: 900 }, true],
    ['with a free channel', { max_channels: 2, channels: 1 }, true],
    ['with none', { max_channels: 2, channels: 2 }, false],
    ['with one for who waits for longer', { max_channels: 2, channels: 1, ahead: 1 }, false],
    ['within the new calls a second', { max_cps: 3, recent: 2 }, true],
    ['beyond them', { max_cps: 3, recent: 3 }, false],
    ['by a limit below one', { max_cps: 0.5, recent: 0 }, true],
    ['beyond a limit below one', { max_cps: 0.5, recent: 1 }, false],
  ])('%s', (_what, more, granted) => {
    expect(permitted(use(more)).granted).toBe(granted);
  });

  it('counts new calls in the time that one takes up a limit below one', () => {
    expect([null, 5, 1, 0.5].map(cpsWindowSeconds)).toEqual([1, 1, 1, 2]);
  });
});
