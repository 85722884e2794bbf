import { describe, expect, it } from '@jest/globals';
import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { lastPerSubject, runsOf } from './read-model.js';

const event = (subject: string, entityversion: number) => ({ subject, entityversion }) as AnyEvent;

describe('lastPerSubject', () => {
  it('keeps the last of each entity, ordered by these', () => {
    expect(lastPerSubject([event('a', 1), event('b', 1), event('a', 2)])).toEqual([event('b', 1), event('a', 2)]);
  });
});

describe('runsOf', () => {
  it('groups neighbours only', () => {
    expect(runsOf([1, 3, 2, 5], (n) => n % 2)).toEqual([
      { key: 1, items: [1, 3] },
      { key: 0, items: [2] },
      { key: 1, items: [5] },
    ]);
  });
});
