import type { CarrierCosts, DeckCost } from '@trunkmesh/contracts/rate-deck.js';
import { countryOf } from '../usage/ledger/country.js';
import type { CallsOfLength, Deck, RatedCall } from './price-call.js';

export interface TrunkDeck {
  trunk_id: string;
  currency: string;
  deck: Deck;
}

type NotCovered = DeckCost['not_covered'][number];
interface Sum {
  calls: number;
  seconds: bigint;
  cost: bigint;
  common: bigint;
  uncovered: Map<string, NotCovered>;
}

/** Calls that every deck rates alike. `country`: of the called number; null: not known yet, or it has none. */
export type AlikeCalls = RatedCall & { country: string | null; lengths: readonly CallsOfLength[] };

const MOST_NAMED = 20;

/** Prices the calls of a month on every deck, those that are alike together. */
export class CostReport {
  private calls = 0;
  private common = 0;
  private readonly sums: Sum[];

  constructor(private readonly decks: readonly TrunkDeck[]) {
    this.sums = decks.map(() => ({ calls: 0, seconds: 0n, cost: 0n, common: 0n, uncovered: new Map() }));
  }

  add(alike: AlikeCalls): void {
    const of = totalOf(alike.lengths);
    this.calls += of.calls;
    const rates = this.decks.map(({ deck }) => deck.rateOf(alike));
    const isCommon = rates.length > 0 && !rates.includes(undefined);
    if (isCommon) this.common += of.calls;
    for (const [index, rate] of rates.entries()) {
      const sum = this.sums[index]!;
      if (rate === undefined) {
        addUncovered(sum.uncovered, alike, of);
        continue;
      }
      const cost = this.decks[index]!.deck.costOf(rate, alike.lengths);
      sum.calls += of.calls;
      sum.seconds += of.seconds;
      sum.cost += cost;
      if (isCommon) sum.common += cost;
    }
  }

  /** The cheapest first. */
  result(of: Pick<CarrierCosts, 'month' | 'time_zone'>): CarrierCosts {
    const costs = this.decks.map((deck, index) => ({ deck, sum: this.sums[index]! }));
    costs.sort((a, b) => compare(a.sum.common, b.sum.common) || compare(a.sum.cost, b.sum.cost));
    const comparable = this.common > 0 && new Set(this.decks.map(({ currency }) => currency)).size === 1;
    return {
      ...of,
      calls: this.calls,
      common_calls: this.common,
      estimate: true,
      trunks: costs.map(({ deck, sum }) => costOf(deck, sum, this.calls)),
      cheapest_trunk_id: comparable ? costs[0]!.deck.trunk_id : null,
    };
  }
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

interface Total {
  calls: number;
  seconds: bigint;
}

function totalOf(lengths: readonly CallsOfLength[]): Total {
  const total = { calls: 0, seconds: 0n };
  for (const { billable_seconds, calls } of lengths) {
    total.calls += Number(calls);
    total.seconds += billable_seconds * calls;
  }
  return total;
}

function addUncovered(
  uncovered: Map<string, NotCovered>,
  { direction, to, country: known }: AlikeCalls,
  { calls, seconds }: Total,
): void {
  const country = known ?? countryOf(to);
  const key = `${direction}/${country}`;
  const sum = uncovered.get(key) ?? { direction, country, calls: 0, billable_seconds: 0, example: to };
  uncovered.set(key, sum);
  sum.calls += calls;
  sum.billable_seconds += Number(seconds);
}

const costOf = ({ trunk_id, currency }: TrunkDeck, sum: Sum, calls: number): DeckCost => ({
  trunk_id,
  currency,
  calls: sum.calls,
  billable_seconds: Number(sum.seconds),
  estimated_carrier_cost_micros: String(sum.cost),
  common_estimated_carrier_cost_micros: String(sum.common),
  not_covered_calls: calls - sum.calls,
  not_covered: [...sum.uncovered.values()].sort((a, b) => b.calls - a.calls).slice(0, MOST_NAMED),
});
