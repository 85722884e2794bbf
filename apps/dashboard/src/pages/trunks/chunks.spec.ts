import { describe, expect, it } from '@jest/globals';
import { chunksOf } from './chunks.js';

describe('a list in parts', () => {
  it.each([
    [[], []],
    [[1, 2], [[1, 2]]],
    [
      [1, 2, 3, 4, 5],
      [[1, 2], [3, 4], [5]],
    ],
  ])('%j', (items, parts) => expect(chunksOf(items, 2)).toEqual(parts));
});
