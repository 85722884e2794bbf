import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';

/** What a month has of one rate. */
export interface RateSum {
  rate_micros: bigint;
  charged_seconds: bigint;
  amount_micros: bigint;
}

export interface FreeMinutes {
  seconds: bigint;
  amount_micros: bigint;
}

/**
 * What a month's free minutes take off its sum: first from the cheapest rate. They are taken off the sum and never off
 * a call, so that it does not matter in which order calls arrive. A rate that is used up is free to the micro-unit; of
 * the last one the share is rounded down.
 */
export function freeMinutes(minutes: number, rates: readonly RateSum[]): FreeMinutes {
  let left = 60n * BigInt(minutes);
  const free: FreeMinutes = { seconds: 0n, amount_micros: 0n };
  for (const rate of [...rates].sort((a, b) => (a.rate_micros < b.rate_micros ? -1 : 1))) {
    if (rate.charged_seconds <= 0n || left === 0n) continue;
    const taken = left < rate.charged_seconds ? left : rate.charged_seconds;
    left -= taken;
    free.seconds += taken;
    free.amount_micros += (rate.amount_micros * taken) / rate.charged_seconds;
  }
  return free;
}

/** The month's allowance is that of the plan in effect at its beginning, or else of the first one that begins in it. */
export function planOfMonth(
  plans: readonly RatePlan[],
  { begins, ends }: { begins: Date; ends: Date },
): RatePlan | undefined {
  const time = ({ effective_from }: RatePlan) => Date.parse(effective_from);
  return (
    plans.findLast((plan) => time(plan) <= begins.getTime()) ??
    plans.find((plan) => time(plan) > begins.getTime() && time(plan) < ends.getTime())
  );
}
