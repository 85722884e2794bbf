import { describe, expect, it } from '@jest/globals';
import { cpsWindow, permitted, queueIsFull, retryAfter, type TrunkQueue, type TrunkUse } from './permit.js';

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
    ['within a limit between two numbers', { max_cps: 2.5, recent: 2 }, true],
    ['beyond it', { max_cps: 2.5, recent: 3 }, false],
  ])('%s', (_what, more, granted) => {
    expect(permitted(use(more)).granted).toBe(granted);
  });

  it.each([
    [10, 10, 1],
    [2.5, 3, 1.2],
    [0.5, 1, 2],
    [0.1, 1, 10],
  ])('of %d new calls a second is %d in %d seconds', (maxCps, calls, seconds) => {
    expect(cpsWindow(maxCps)).toEqual({ calls, seconds });
  });

  it.each<[string, Partial<TrunkQueue>, boolean, number]>([
    ['with room for those that wait', { max_channels: 3, channels: 1, waiting: 1 }, false, 5],
    ['with a place', { max_channels: 3, channels: 3, waiting: 1, queue_length: 2 }, false, 5],
    ['without one', { max_channels: 3, channels: 2, waiting: 3, queue_length: 2 }, true, 5],
    ['without one within new calls a second', { max_cps: 2, recent: 2, waiting: 7, queue_length: 2 }, true, 3],
    ['where nobody may wait', { max_channels: 1, channels: 1, waiting: 0, queue_length: 0 }, true, 5],
    ['with more channels than allowed', { max_channels: 1, channels: 4, waiting: 0, queue_length: 1 }, false, 5],
  ])('a queue %s', (_what, more, full, retry) => {
    const { ahead: _ahead, ...trunk } = use({});
    const queue = { ...trunk, waiting: 0, queue_length: 100, ...more };
    expect(queueIsFull(queue)).toBe(full);
    expect(retryAfter({ ...queue, queue_length: Math.min(queue.queue_length, queue.waiting) })).toBe(retry);
  });
});
