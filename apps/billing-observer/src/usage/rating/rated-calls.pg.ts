import type { EntityManager } from 'typeorm';
import { billableSeconds, type CallFacts } from '../ledger/ledger-entry.js';
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
    charge: rateCall(plans.get(call.organization_id) ?? [], {
      ...call,
      billable_seconds: billableSeconds(call.billable_ms),
    }),
  }));
}
