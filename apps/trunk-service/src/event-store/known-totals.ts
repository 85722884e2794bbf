/** Fewer are counted each time: it takes a few milliseconds. */
const MANY = 50_000;
/** So old a total is given out without another count. */
const FRESH_MS = 2_000;
/** An older one is given out once more while it is counted again. */
const USABLE_MS = 60_000;
const MAX_KNOWN = 1_000;

interface Known {
  total: number;
  at: number;
  renewing: boolean;
}

/**
 * Totals of long lists. Counting a million rows takes longer than reading a page of them, and nobody sees whether it is
 * a few seconds old; what is short is counted exactly.
 */
export class KnownTotals {
  private readonly known = new Map<string, Known>();

  /** `now`: milliseconds of a clock that only goes forward. */
  constructor(private readonly now: () => number) {}

  /** `key`: whose list and by which filters. */
  of(key: string, count: () => Promise<number>): Promise<number> {
    const known = this.known.get(key);
    const age = known === undefined ? Infinity : this.now() - known.at;
    if (known === undefined || age >= USABLE_MS) return this.counted(key, count);
    if (age >= FRESH_MS && !known.renewing) {
      known.renewing = true;
      // A count that fails is no longer known: the next list counts itself, and says what is wrong.
      this.counted(key, count).catch(() => this.known.delete(key));
    }
    return Promise.resolve(known.total);
  }

  private async counted(key: string, count: () => Promise<number>): Promise<number> {
    const at = this.now();
    const total = await count();
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    if (total >= MANY) this.known.set(key, { total, at, renewing: false });
    else this.known.delete(key);
    return total;
  }
}
