/** What became of one more of a key's occurrences. `first`: the first of this window that is over the limit. */
export type Taken = { within: true } | { within: false; first: boolean; retryMs: number };

/**
 * Keys that are counted separately; those that come later share one count, so that many addresses cannot fill the
 * memory.
 */
const MAX_KEYS = 100_000;
const REST = '';

/**
 * Counts in fixed windows that are the same for all keys: what a window has counted goes away as a whole. `limit` 0:
 * everything is within.
 */
export class RateWindow {
  private readonly counts = new Map<string, number>();
  private window = -1;
  constructor(
    readonly limit: number,
    readonly windowMs: number,
  ) {}

  take(key: string, now: number): Taken {
    if (this.limit === 0) return { within: true };
    const window = Math.floor(now / this.windowMs);
    if (window !== this.window) this.counts.clear();
    this.window = window;
    const counted = this.counts.has(key) || this.counts.size < MAX_KEYS ? key : REST;
    const count = (this.counts.get(counted) ?? 0) + 1;
    this.counts.set(counted, count);
    if (count <= this.limit) return { within: true };
    return { within: false, first: count === this.limit + 1, retryMs: (window + 1) * this.windowMs - now };
  }
}
