import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import type { EntityManager } from 'typeorm';
import { rateCall } from '../usage/rating/rate-call.js';
import { loadPlans } from '../usage/rating/rate-plans.pg.js';
import type { UsualSpend } from './alert-facts.js';
import { comparableHours, HOUR_MS } from './alert-rules.js';

/** What a read of plans says of organisations. */
export interface KnownPlans {
  plans: ReadonlyMap<string, readonly RatePlan[]>;
  /** Organisations of which a changed plan still corrects calls. */
  unsettled: ReadonlySet<string>;
}

export async function readPlans(tx: EntityManager, organizationIds: readonly string[]): Promise<KnownPlans> {
  const unsettled: { organization_id: string }[] = await tx.query(
    'SELECT DISTINCT organization_id FROM rate_plans WHERE unsettled AND organization_id = ANY($1::uuid[])',
    [organizationIds],
  );
  return {
    plans: await loadPlans(tx, organizationIds),
    unsettled: new Set(unsettled.map(({ organization_id }) => organization_id)),
  };
}

/**
 * What the charge of an hour may be compared with. After a new price or currency the amounts of earlier weeks say
 * nothing: their calls are rated once more, by the plan of the hour. An hour in which a plan begins has calls by two
 * plans and is not judged; nor is one whose calls are still being corrected, which makes the hour again.
 */
export async function usualSpend(
  tx: EntityManager,
  { organization_id, hour, firstHour }: { organization_id: string; hour: number; firstHour: number },
  known: KnownPlans,
): Promise<UsualSpend> {
  const plans = known.plans.get(organization_id) ?? [];
  const begins = ({ effective_from }: RatePlan) => Date.parse(effective_from);
  const plan = plans.findLast((each) => begins(each) <= hour);
  const beginsWithin = plans.some((each) => begins(each) > hour && begins(each) < hour + HOUR_MS);
  if (plan === undefined || beginsWithin || known.unsettled.has(organization_id)) return 'not-comparable';
  const hours = comparableHours(hour, firstHour);
  if (hours.every((each) => begins(plan) <= each)) return 'as-charged';
  return ratedAgain(tx, { organization_id, plan, hours });
}

interface AlikeCalls {
  hour: Date;
  direction: 'inbound' | 'outbound';
  country: string | null;
  seconds: string;
  calls: string;
}

async function ratedAgain(
  tx: EntityManager,
  { organization_id, plan, hours }: { organization_id: string; plan: RatePlan; hours: readonly number[] },
): Promise<ReadonlyMap<number, bigint>> {
  // A reversal takes one call away from those that are alike: its length is that of its entry, negative.
  const alike: AlikeCalls[] = await tx.query(
    `SELECT hour, direction, country, abs(billable_seconds) AS seconds,
       sum(CASE kind WHEN 'reversal' THEN -1 ELSE 1 END) AS calls
     FROM unnest($2::timestamptz[]) AS wanted (hour) JOIN ledger_entries AS entry ON organization_id = $1 AND
       started_at >= hour AND started_at < hour + interval '1 hour' AND carrier_cost = 'external'
     GROUP BY 1, 2, 3, 4`,
    [organization_id, hours.map((hour) => new Date(hour))],
  );
  const amounts = new Map<number, bigint>();
  for (const { hour, direction, country, seconds, calls } of alike) {
    const call = { started_at: plan.effective_from, billable_seconds: BigInt(seconds), direction, country };
    const amount = rateCall([plan], call).amount_micros * BigInt(calls);
    amounts.set(hour.getTime(), (amounts.get(hour.getTime()) ?? 0n) + amount);
  }
  return amounts;
}
