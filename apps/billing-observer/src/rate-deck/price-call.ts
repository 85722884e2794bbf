import { amountOf, chargedSeconds } from '../usage/rating/rate-call.js';

/** A rate of a deck; `from` in milliseconds since 1970. */
export interface Rate {
  direction: 'inbound' | 'outbound';
  prefix: string;
  from: number;
  rate_micros: bigint;
  increments: string;
  minimum_seconds: number;
}

export interface PricedCall {
  direction: 'inbound' | 'outbound';
  /** The called number; E.164 begins with a plus. */
  to: string;
  /** Milliseconds since 1970. */
  began: number;
  billable_seconds: bigint;
}

const LONGEST_PREFIX = 15;
const MOST_REMEMBERED = 50_000;

/** The rates of one trunk, to price calls with. */
export class Deck {
  private readonly rates = new Map<string, Rate[]>();
  /** The rates for a called number, the longest prefix first: the same numbers are called again and again. */
  private readonly known = new Map<string, Rate[][]>();

  constructor(rates: Iterable<Rate>) {
    for (const rate of rates) {
      const key = keyOf(rate.direction, rate.prefix);
      const same = this.rates.get(key);
      if (same === undefined) this.rates.set(key, [rate]);
      else same.push(rate);
    }
    for (const same of this.rates.values()) same.sort((a, b) => a.from - b.from);
  }

  /**
   * What the call costs, in micro-units; undefined where the deck has no rate for it. The longest prefix that has a
   * rate in effect when the call began counts.
   */
  price({ direction, to, began, billable_seconds }: PricedCall): bigint | undefined {
    for (const same of this.ratesFor(direction, to)) {
      const rate = same.findLast(({ from }) => from <= began);
      if (rate !== undefined) return amountOf(rate.rate_micros, chargedSeconds(billable_seconds, rate));
    }
    return undefined;
  }

  private ratesFor(direction: Rate['direction'], to: string): Rate[][] {
    const key = keyOf(direction, to);
    const remembered = this.known.get(key);
    if (remembered !== undefined) return remembered;
    const found: Rate[][] = [];
    const digits = to.startsWith('+') ? to.slice(1, LONGEST_PREFIX + 1) : '';
    for (let length = digits.length; length > 0; length -= 1) {
      const same = this.rates.get(keyOf(direction, digits.slice(0, length)));
      if (same !== undefined) found.push(same);
    }
    if (this.known.size >= MOST_REMEMBERED) this.known.clear();
    this.known.set(key, found);
    return found;
  }
}

const keyOf = (direction: string, prefix: string) => `${direction}/${prefix}`;
