/**
 * Between one key's two messages: a phone may send INFO when it is pressed and telephone-event until it is released.
 */
const TOGETHER_MS = 2_000;
/** More than anybody presses in that time. */
const MOST = 100;

/**
 * Some phones tell each key twice, by telephone-event (RFC 4733) and by INFO, in either order. Gives whether a digit is
 * a new one: the same digit from another source within two seconds, of which nothing else was made yet, is the same
 * key. `source` is FreeSWITCH's `DTMF-Source`.
 */
export function createDigitSources(): (digit: string, source: string, now: number) => boolean {
  let alone: { digit: string; source: string; at: number }[] = [];
  return (digit, source, now) => {
    alone = alone.filter(({ at }) => now - at < TOGETHER_MS).slice(-MOST);
    const twin = alone.findIndex((other) => other.digit === digit && other.source !== source);
    if (twin < 0) alone.push({ digit, source, at: now });
    else alone.splice(twin, 1);
    return twin < 0;
  };
}
