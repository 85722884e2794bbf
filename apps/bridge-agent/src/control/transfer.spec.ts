import { describe, expect, it } from '@jest/globals';
import { outcomeOf, statusNumber } from './transfer.js';

describe('how a transfer ends', () => {
  it.each([
    ['nothing was said yet', undefined, undefined, undefined],
    ['the carrier will try', 202, undefined, undefined],
    ['the target answered', 202, 200, 'transferred'],
    ['the target is busy', 202, 486, 'refused'],
    ['the carrier does not transfer', 603, undefined, 'refused'],
    ['the carrier does not know REFER', 405, undefined, 'refused'],
    ['the NOTIFY cannot be read', 202, 0, 'indeterminate'],
  ] as const)('%s', (_what, refer, target, outcome) => {
    expect(outcomeOf({ refer, target })).toBe(outcome);
  });

  it.each([
    ['202', 202],
    [undefined, undefined],
    ['', undefined],
    ['-ERR command not found', undefined],
    ['0', 0],
  ])('%j is the status %j', (text, status) => {
    expect(statusNumber(text)).toBe(status);
  });
});
