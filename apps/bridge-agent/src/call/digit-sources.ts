/**
 * The time between the two messages of one key press: a phone may send INFO when the key is pressed and telephone-event
 * until it is released.
 */
const TOGETHER_MS = 2_000;
/** More digits than anybody presses in that time. */
const MAX_RECENT_DIGITS = 100;

/**
 * Some phones send each key twice, by telephone-event (RFC 4733) and by INFO, in either order. Returns whether a digit
 * is new: the same digit from the other source within two seconds is the same key, unless it was matched already.
 * `source` is FreeSWITCH's `DTMF-Source`.
 */
export function createDigitSources(): (digit: string, source: string, now: number) => boolean {
  let alone: { digit: string; source: string; at: number }[] = [];
  return (digit, source, now) => {
    alone = alone.filter(({ at }) => now - at < TOGETHER_MS).slice(-MAX_RECENT_DIGITS);
    const twin = alone.findIndex((other) => other.digit === digit && other.source !== source);
    if (twin < 0) alone.push({ digit, source, at: now });
    else alone.splice(twin, 1);
    return twin < 0;
  };
}
