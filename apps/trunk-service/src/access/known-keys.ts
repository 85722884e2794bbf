/**
 * Whose key a lookup found, and when; asked again after a second, so that a revocation by another copy of the service
 * counts a second later at most.
 */
export interface KnownKeys<Holder> {
  /**
   * `now`: milliseconds of a clock that is never set, `performance.now()`. With one that is put back, a revoked key
   * would be known for that long.
   */
  get(lookup: string, now: number): Holder | undefined;
  /**
   * `asked`: when the database was asked. An answer to what was asked before everything was forgotten may not know of
   * the reason, and is not kept.
   */
  set(lookup: string, holder: Holder, asked: number): void;
  /** After a revocation or a suspension here: it counts from the next request on. */
  forget(now: number): void;
}

export const KNOWN_MS = 1_000;
const MAX_KEYS = 10_000;

export function knownKeys<Holder>(): KnownKeys<Holder> {
  const known = new Map<string, { holder: Holder; until: number }>();
  let forgotten = -Infinity;
  return {
    get: (lookup, now) => {
      const entry = known.get(lookup);
      return entry !== undefined && now < entry.until ? entry.holder : undefined;
    },
    set: (lookup, holder, asked) => {
      if (asked <= forgotten) return;
      if (known.size >= MAX_KEYS) known.clear();
      known.set(lookup, { holder, until: asked + KNOWN_MS });
    },
    forget: (now) => {
      forgotten = now;
      known.clear();
    },
  };
}
