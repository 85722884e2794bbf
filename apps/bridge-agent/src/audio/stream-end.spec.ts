import { describe, expect, it } from '@jest/globals';
import { closeMeaning, mayReconnect, worthRetrying } from './stream-end.js';

describe('the end of a connection', () => {
  it.each([1000, 1005, 1008, 3000, 4000, 4999])('%i is the assistant hanging up', (code) => {
    expect(closeMeaning(code)).toBe('hang-up');
  });
  it.each([1001, 1002, 1006, 1009, 1011, 1012, 1013, 1014])('%i is a connection that dropped', (code) => {
    expect(closeMeaning(code)).toBe('drop');
  });
  it.each([
    [301, false],
    [302, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
  ])('after status %i trying again makes sense: %s', (status, sense) => {
    expect(worthRetrying(status)).toBe(sense);
  });

  it('is made good five times a minute', () => {
    expect(mayReconnect([0, 1, 2, 3], 4)).toBe(true);
    expect(mayReconnect([0, 1, 2, 3, 4], 60_000)).toBe(false);
    expect(mayReconnect([0, 1, 2, 3, 4], 60_001)).toBe(true);
    expect(mayReconnect([0, 1, 2, 3, 4, 59_000], 60_001)).toBe(false);
  });
});
