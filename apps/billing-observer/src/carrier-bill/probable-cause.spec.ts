import { describe, expect, it } from '@jest/globals';
import { fittingIncrements, probableCause, type OurLength } from './probable-cause.js';

const ours = (over: Partial<OurLength> = {}): OurLength => ({
  answered: true,
  billable_ms: 42_400,
  whole_seconds: 55,
  ...over,
});
const unanswered = ours({ answered: false, billable_ms: 0, whole_seconds: 20 });

describe('why the carrier bills another length', () => {
  it.each([
    ['the same', ours(), 43, undefined],
    ['the same', unanswered, 0, undefined],
    ['the whole second before', ours(), 42, 'rounding'],
    ['whole minutes', ours(), 60, 'other-increment'],
    ['steps of six seconds', ours(), 48, 'other-increment'],
    ['the time before the answer too', ours(), 55, 'ringing-billed'],
    ['a call that was not answered', unanswered, 20, 'unanswered-billed'],
    ['a minute of a call that was not answered', unanswered, 60, 'unanswered-billed'],
    ['something else', ours(), 47, null],
    ['less', ours(), 7, null],
  ])('%s', (_what, call, seconds, cause) => expect(probableCause(call, seconds)).toBe(cause));

  it('names every usual increment that fits', () => {
    expect(fittingIncrements(ours({ billable_ms: 42_400 }), 48)).toEqual(['30/6', '6/6']);
    expect(fittingIncrements(ours({ billable_ms: 61_000 }), 120)).toEqual(['60/60']);
  });
});
