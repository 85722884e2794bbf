import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import type {
  AdjustedEntry,
  StatementAdjustment,
  StatementFree,
  StatementLine,
  StatementRate,
  StatementTotal,
} from '@trunkmesh/contracts/usage-statement.js';
import { freeMinutes, planOfMonth } from '../summary/free-minutes.js';

/** A sum of the month. `all` and `rate` make totals and rates, the others are lines. */
export type MonthSum = Omit<StatementLine, 'by'> & { dimension: 'all' | 'rate' | StatementLine['by'] };

/** What earlier statements have charged at which rates, and given free. */
export interface Earlier {
  rates: readonly StatementRate[];
  free: readonly StatementFree[];
}

export interface StatementFacts {
  month: string;
  sums: readonly MonthSum[];
  adjustments: readonly StatementAdjustment[];
  /** What the adjustments change of the earlier months' rates. */
  adjustedRates: readonly StatementRate[];
  adjustedEntries: readonly AdjustedEntry[];
  adjustedEntriesTotal: number;
  earlier: Earlier;
  plans: readonly RatePlan[];
  /** When a month begins and ends in the organisation's time zone. */
  bounds: ReadonlyMap<string, { begins: Date; ends: Date }>;
}

export interface StatementFigures {
  totals: StatementTotal[];
  lines: StatementLine[];
  rates: StatementRate[];
  free_minutes: StatementFree[];
  adjustments: StatementAdjustment[];
  adjusted_entries: AdjustedEntry[];
  adjusted_entries_total: number;
}

/** A message holds no more. */
const TRUNK_LINES = 1_000;

/** The figures of a month: its calls, what is corrected of earlier months, and what free minutes take off. */
export function statementFigures(facts: StatementFacts): StatementFigures {
  const rates = [...ownRates(facts), ...facts.adjustedRates];
  const free_minutes = freeOf(facts, rates);
  return {
    totals: totalsOf(facts, free_minutes),
    lines: linesOf(facts.sums),
    rates,
    free_minutes,
    adjustments: [...facts.adjustments],
    adjusted_entries: [...facts.adjustedEntries],
    adjusted_entries_total: facts.adjustedEntriesTotal,
  };
}

const ownRates = ({ month, sums }: StatementFacts): StatementRate[] =>
  sums.flatMap(({ dimension, key, currency, charged_seconds, amount_micros }) =>
    dimension === 'rate' && key !== null && currency !== null
      ? [{ month, currency, rate_per_minute_micros: key, charged_seconds, amount_micros }]
      : [],
  );

function linesOf(sums: readonly MonthSum[]): StatementLine[] {
  const of = (by: StatementLine['by']) =>
    sums.flatMap(({ dimension, ...sum }) => (dimension === by ? [{ by, ...sum }] : []));
  const trunks = of('trunk').sort((a, b) => b.calls - a.calls);
  const others = new Map<string, StatementLine>();
  for (const line of trunks.slice(TRUNK_LINES)) {
    const kind = `${line.carrier_cost} ${line.currency ?? ''}`;
    const before = others.get(kind);
    others.set(kind, before === undefined ? { ...line, key: 'others' } : added(before, line));
  }
  return [...trunks.slice(0, TRUNK_LINES), ...others.values(), ...of('country'), ...of('direction')];
}

const COUNTS = ['calls', 'answered_calls', 'estimated_calls', 'billable_seconds', 'charged_seconds'] as const;
function added(one: StatementLine, other: StatementLine): StatementLine {
  const sum = { ...one, amount_micros: String(BigInt(one.amount_micros) + BigInt(other.amount_micros)) };
  for (const count of COUNTS) sum[count] += other[count];
  return sum;
}

/**
 * The allowance of each month is taken off all that is charged of it, corrections included. What earlier statements
 * have given is not given again, and is taken back where it was too much.
 */
function freeOf({ month, earlier, plans, bounds }: StatementFacts, rates: readonly StatementRate[]): StatementFree[] {
  const all = [...earlier.rates, ...rates];
  const months = new Set([month, ...earlier.rates.map((each) => each.month), ...rates.map((each) => each.month)]);
  return [...months].sort().flatMap((each) => {
    const bound = bounds.get(each);
    const plan = bound === undefined ? undefined : planOfMonth(plans, bound);
    const given = earlier.free.filter((free) => free.month === each);
    const currencies = new Set([
      ...given.map(({ currency }) => currency),
      ...(plan === undefined ? [] : [plan.currency]),
    ]);
    return [...currencies].flatMap((currency): StatementFree[] => {
      const minutes = plan?.currency === currency ? plan.free_minutes_per_month : 0;
      const now = freeMinutes(minutes, byRate(all.filter((rate) => rate.month === each && rate.currency === currency)));
      const before = given.filter((free) => free.currency === currency);
      const seconds = Number(now.seconds) - before.reduce((sum, free) => sum + free.seconds, 0);
      const amount = now.amount_micros - before.reduce((sum, free) => sum + BigInt(free.amount_micros), 0n);
      return seconds === 0 && amount === 0n ? [] : [{ month: each, currency, seconds, amount_micros: String(amount) }];
    });
  });
}

function byRate(rates: readonly StatementRate[]) {
  const sums = new Map<string, { rate_micros: bigint; charged_seconds: bigint; amount_micros: bigint }>();
  for (const { rate_per_minute_micros: rate, charged_seconds, amount_micros } of rates) {
    const sum = sums.get(rate) ?? { rate_micros: BigInt(rate), charged_seconds: 0n, amount_micros: 0n };
    sum.charged_seconds += BigInt(charged_seconds);
    sum.amount_micros += BigInt(amount_micros);
    sums.set(rate, sum);
  }
  return [...sums.values()];
}

function totalsOf({ sums, adjustments }: StatementFacts, free: readonly StatementFree[]): StatementTotal[] {
  const month = sums.filter(({ dimension }) => dimension === 'all');
  const kinds = new Map(
    [...month, ...adjustments, ...free.map(({ currency }) => ({ carrier_cost: 'external' as const, currency }))].map(
      ({ carrier_cost, currency }) => [`${carrier_cost} ${currency ?? ''}`, { carrier_cost, currency }],
    ),
  );
  return [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { carrier_cost, currency }]) => {
      const own = month.find((sum) => sum.carrier_cost === carrier_cost && sum.currency === currency);
      const adjusted = adjustments.filter((sum) => sum.carrier_cost === carrier_cost && sum.currency === currency);
      const taken = carrier_cost === 'external' ? free.filter((each) => each.currency === currency) : [];
      const usage = BigInt(own?.amount_micros ?? 0);
      const adjustment = total(adjusted);
      return {
        carrier_cost,
        currency,
        calls: own?.calls ?? 0,
        charged_seconds: own?.charged_seconds ?? 0,
        usage_micros: String(usage),
        adjustment_micros: String(adjustment),
        free_micros: String(total(taken)),
        total_micros: String(usage + adjustment - total(taken)),
      };
    });
}

const total = (sums: readonly { amount_micros: string }[]): bigint =>
  sums.reduce((sum, { amount_micros }) => sum + BigInt(amount_micros), 0n);
