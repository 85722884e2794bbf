import { KnownAnswers } from './known-answers.js';

/** Fewer are counted each time: it takes a few milliseconds. */
const MANY = 50_000;
const FRESH_MS = 2_000;
const USABLE_MS = 60_000;

/**
 * Totals of long lists. Counting a million rows takes longer than reading a page of them, and nobody sees whether it is
 * a few seconds old; what is short is counted exactly.
 */
export class KnownTotals extends KnownAnswers<number> {
  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(now: () => number) {
    super({ now, isLong: (total) => total >= MANY, freshMs: FRESH_MS, usableMs: USABLE_MS });
  }
}
