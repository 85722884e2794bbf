import { describe, expect, it } from '@jest/globals';
import { callGroups, type KeyedCall } from './call-groups.js';

async function* stream(calls: readonly KeyedCall[]) {
  yield* calls;
}
const call = (key: string, second: number): KeyedCall => ({ key, second, seconds: 1 });

async function sizes(ours: readonly KeyedCall[], theirs: readonly KeyedCall[]) {
  const found: [number, number][] = [];
  for await (const group of callGroups(stream(ours), stream(theirs), 60))
    found.push([group.ours.length, group.theirs.length]);
  return found;
}

describe('calls that can belong together', () => {
  it('are those of the same numbers', async () => {
    expect(await sizes([call('a', 1), call('c', 1)], [call('b', 1), call('c', 9)])).toEqual([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
    expect(await sizes([], [])).toEqual([]);
  });
  it('of busy numbers end at a gap that no pair can cross', async () => {
    const busy = Array.from({ length: 3_000 }, (_none, index) => call('a', index * 61));
    expect(await sizes(busy, [])).toEqual([
      [2_000, 0],
      [1_000, 0],
    ]);
    const withoutGap = Array.from({ length: 3_000 }, (_none, index) => call('a', index));
    expect(await sizes(withoutGap, [])).toEqual([[3_000, 0]]);
  });
});
