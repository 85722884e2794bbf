import { matchCalls, type Matching, type TimedCall } from './match-calls.js';

/** A call between a caller who may have withheld the number and a called number that is known. */
export interface CallerCall extends TimedCall {
  /** The caller's number is not given. */
  withheld: boolean;
}
export interface OurCallerCall extends CallerCall {
  answered: boolean;
}

/**
 * Pairs calls to the same number where only one side has the caller's number, by their times: one to one, never
 * further apart than `tolerance` seconds. Calls that were connected on both sides go first, because a call that nobody
 * answered is on few bills. Two sides that both have the number, or both lack it, are never paired here.
 */
export function matchWithheld<Ours extends OurCallerCall, Theirs extends CallerCall>(
  ours: readonly Ours[],
  theirs: readonly Theirs[],
  tolerance: number,
): Matching<Ours, Theirs> {
  const found: Matching<Ours, Theirs> = { pairs: [], ours: [...ours], theirs: [...theirs] };
  for (const connected of [true, false])
    for (const withheld of [true, false]) {
      const { pairs } = matchCalls(
        found.ours.filter((one) => one.withheld === withheld && (one.answered || !connected)),
        found.theirs.filter((one) => one.withheld !== withheld && (one.seconds > 0 || !connected)),
        tolerance,
      );
      const paired = new Set<Ours | Theirs>(pairs.flat());
      found.pairs.push(...pairs);
      found.ours = found.ours.filter((one) => !paired.has(one));
      found.theirs = found.theirs.filter((one) => !paired.has(one));
    }
  return found;
}
