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

/** What of a call decides its rate. */
export interface RatedCall {
  direction: 'inbound' | 'outbound';
  /** The called number; E.164 begins with a plus. */
  to: string;
  /** Milliseconds since 1970. */
  began: number;
}

export type PricedCall = RatedCall & { billable_seconds: bigint };

/** So many calls of this length. */
export interface CallsOfLength {
  billable_seconds: bigint;
  calls: bigint;
}

const MOST_REMEMBERED = 50_000;

/** The rates of one trunk, to price calls with. */
export class Deck {
  private readonly rates = new Map<string, Rate[]>();
  /** How many digits prefixes of this deck have, the most first. */
  private readonly lengths: readonly number[];
  /** What is charged of a length, by the terms of a rate: both are few. */
  private readonly charged = new Map<string, Map<bigint, bigint>>();

  constructor(rates: Iterable<Rate>) {
    for (const rate of rates) {
      const key = keyOf(rate.direction, rate.prefix);
      const same = this.rates.get(key);
      if (same === undefined) this.rates.set(key, [rate]);
      else same.push(rate);
    }
    const lengths = new Set<number>();
    for (const same of this.rates.values()) {
      same.sort((a, b) => a.from - b.from);
      lengths.add(same[0]!.prefix.length);
    }
    this.lengths = [...lengths].sort((a, b) => b - a);
  }

  /** What the call costs, in micro-units; undefined where the deck has no rate for it. */
  price({ billable_seconds, ...call }: PricedCall): bigint | undefined {
    const rate = this.rateOf(call);
    return rate && this.costOf(rate, [{ billable_seconds, calls: 1n }]);
  }

  /** Of the longest prefix that has a rate in effect when the call began; undefined: there is none. */
  rateOf({ direction, to, began }: RatedCall): Rate | undefined {
    for (const same of this.ratesFor(direction, to)) {
      const rate = same.findLast(({ from }) => from <= began);
      if (rate !== undefined) return rate;
    }
    return undefined;
  }

  /** What calls at this rate cost together, in micro-units; each is rounded by itself. */
  costOf(rate: Rate, lengths: readonly CallsOfLength[]): bigint {
    const terms = `${rate.increments} ${rate.minimum_seconds}`;
    let charged = this.charged.get(terms);
    if (charged === undefined || charged.size > MOST_REMEMBERED) this.charged.set(terms, (charged = new Map()));
    let cost = 0n;
    for (const { billable_seconds, calls } of lengths) {
      let seconds = charged.get(billable_seconds);
      if (seconds === undefined) charged.set(billable_seconds, (seconds = chargedSeconds(billable_seconds, rate)));
      cost += amountOf(rate.rate_micros, seconds) * calls;
    }
    return cost;
  }

  private *ratesFor(direction: Rate['direction'], to: string): Generator<Rate[]> {
    if (!to.startsWith('+')) return;
    for (const length of this.lengths) {
      const same = to.length > length ? this.rates.get(keyOf(direction, to.slice(1, length + 1))) : undefined;
      if (same !== undefined) yield same;
    }
  }
}

const keyOf = (direction: string, prefix: string) => `${direction}/${prefix}`;
