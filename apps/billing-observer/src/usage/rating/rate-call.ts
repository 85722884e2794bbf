import type { RatePlan, SpecialRate } from '@trunkmesh/contracts/rate-plan.js';
import { NOT_RATED, type Charge } from '../ledger/ledger-entry.js';

export interface RateableCall {
  /** RFC 3339. */
  started_at: string;
  billable_seconds: bigint;
  direction: 'inbound' | 'outbound';
  country: string | null;
}

type Terms = Pick<RatePlan, 'rate_per_minute_micros' | 'increments' | 'minimum_seconds'>;

/**
 * What a call costs. `plans`: the organisation's, the earliest first. The plan is that in effect when the call began:
 * one that begins in mid-call counts from the next call.
 */
export function rateCall(plans: readonly RatePlan[], call: RateableCall): Charge {
  const began = Date.parse(call.started_at);
  const plan = plans.findLast(({ effective_from }) => Date.parse(effective_from) <= began);
  if (plan === undefined) return NOT_RATED;
  const terms = termsFor(plan, call);
  const rate = BigInt(terms.rate_per_minute_micros);
  const charged = chargedSeconds(call.billable_seconds, terms);
  return {
    plan_from: plan.effective_from,
    currency: plan.currency,
    rate_micros: rate,
    charged_seconds: charged,
    amount_micros: amountOf(rate, charged),
  };
}

/** The most specific: direction and country, then country, then direction, then the plan's own. */
function termsFor(plan: RatePlan, { direction, country }: RateableCall): Terms {
  const find = (wanted: Pick<SpecialRate, 'direction' | 'country'>) =>
    plan.rates.find((rate) => rate.direction === wanted.direction && rate.country === wanted.country);
  const ofCountry = country === null ? undefined : (find({ direction, country }) ?? find({ direction: null, country }));
  return ofCountry ?? find({ direction, country: null }) ?? plan;
}

/**
 * The minimum, then the first seconds whole, then whole steps. A call without a billable second (not answered) is not
 * charged.
 */
export function chargedSeconds(
  billable: bigint,
  { increments, minimum_seconds }: Omit<Terms, 'rate_per_minute_micros'>,
): bigint {
  if (billable === 0n) return 0n;
  const minimum = BigInt(minimum_seconds);
  const seconds = billable > minimum ? billable : minimum;
  const [first, step] = increments.split('/').map(BigInt) as [bigint, bigint];
  if (seconds <= first) return first;
  return first + ((seconds - first + step - 1n) / step) * step;
}

/** Rounded half up to the micro-unit, once a call. */
export const amountOf = (ratePerMinute: bigint, seconds: bigint): bigint => (ratePerMinute * seconds + 30n) / 60n;
