import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { counted, type Plan } from './generated-oracle.fixture.js';
import { beginOf, dayOf, monthAfter } from './generated-zones.fixture.js';

export interface Month {
  organization: string;
  month: string;
  carrier: string;
  currency: string;
  calls: number;
  amount: string;
  /** What free minutes take off. */
  free: string;
}

interface Sum {
  calls: number;
  amount: bigint;
  /** By rate: charged seconds, and what they cost. */
  rates: Map<bigint, [seconds: bigint, amount: bigint]>;
}

/** By organisation, month, carrier and currency, in this order: what finance would count by hand. */
export function monthly(calls: Iterable<CallEnded>, plans: readonly Plan[]): Month[] {
  const sums = new Map<string, Sum>();
  for (const call of calls) {
    const { organization_id, started_at } = call.data;
    const { carrier, currency, rate, charged, amount } = counted(call, plans);
    const month = dayOf(organization_id!, Date.parse(started_at)).slice(0, 7);
    const key = [organization_id, month, carrier, currency].join(' ');
    const sum = sums.get(key) ?? { calls: 0, amount: 0n, rates: new Map() };
    sums.set(key, sum);
    sum.calls += 1;
    sum.amount += amount;
    const [seconds, cost] = sum.rates.get(rate) ?? [0n, 0n];
    sum.rates.set(rate, [seconds + charged, cost + amount]);
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, sum]) => {
      const [organization, month, carrier, currency] = key.split(' ') as [string, string, string, string];
      const plan = planOf(organization, month, plans);
      const minutes = carrier === 'external' && plan?.currency === currency ? plan.free : 0;
      const free = String(freeOf(sum, BigInt(minutes) * 60n));
      return { organization, month, carrier, currency, calls: sum.calls, amount: String(sum.amount), free };
    });
}

/** The one in effect as the month begins, or else the first that begins in it. */
function planOf(organization: string, month: string, plans: readonly Plan[]): Plan | undefined {
  const begins = beginOf(organization, month);
  const ends = beginOf(organization, monthAfter(month));
  const own = plans.filter((plan) => plan.organization === organization && plan.from < ends);
  own.sort((a, b) => a.from - b.from);
  const before = own.filter(({ from }) => from <= begins);
  return before.at(-1) ?? own[0];
}

/** Second by second from the cheapest rate on; of a rate that is free in part, the share of its cost, rounded down. */
function freeOf({ rates }: Sum, allowance: bigint): bigint {
  let left = allowance;
  let free = 0n;
  for (const [, [seconds, cost]] of [...rates].sort(([a], [b]) => Number(a - b))) {
    if (seconds === 0n) continue;
    if (left >= seconds) free += cost;
    else free += (cost * left - ((cost * left) % seconds)) / seconds;
    left = left > seconds ? left - seconds : 0n;
  }
  return free;
}
