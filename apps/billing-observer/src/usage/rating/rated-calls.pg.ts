import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import type { EntityManager } from 'typeorm';
import { billableSeconds, NOT_RATED, type CallFacts, type Charge } from '../ledger/ledger-entry.js';
import type { RatedCall } from '../ledger/ledger.pg.js';
import { rateCall } from './rate-call.js';
import { loadPlans } from './rate-plans.pg.js';

/** Rates calls by the plans that the transaction sees; it must hold the shared lock. */
export async function rateCalls(tx: EntityManager, calls: readonly CallFacts[]): Promise<RatedCall[]> {
  const plans = await loadPlans(
    tx,
    calls.map((call) => call.organization_id),
  );
  return calls.map((call) => ({
    call,
    charge: charge(plans.get(call.organization_id) ?? [], call),
  }));
}

/** Rate plans are for calls over the organisation's own trunks. Whoever sells managed carriers charges those calls. */
const charge = (plans: readonly RatePlan[], call: CallFacts): Charge =>
  call.carrier_cost === 'managed'
    ? NOT_RATED
    : rateCall(plans, { ...call, billable_seconds: billableSeconds(call.billable_ms) });
