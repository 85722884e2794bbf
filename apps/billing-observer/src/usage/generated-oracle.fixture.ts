import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { BEGIN, ORGANIZATIONS, SPAN_MS, ZONE, type Random } from './generated-calls.fixture.js';

/** A rate plan as the oracle knows it. */
export interface Plan {
  organization: string;
  from: number;
  version: number;
  currency: string;
  rate: number;
  first: number;
  step: number;
  minimum: number;
  german: number | null;
}

/** A new plan, or the next version of the one that began then. */
const planOf = (random: Random, before: Pick<Plan, 'from' | 'version'> & { organization?: string }): Plan => ({
  organization: before.organization ?? random.of(ORGANIZATIONS.slice(0, 2)),
  from: before.from,
  version: before.version + 1,
  currency: random.of(['USD', 'EUR']),
  rate: random.below(90_000),
  first: random.of([60, 30, 1]),
  step: random.of([60, 6, 1]),
  minimum: random.of([0, 0, 20]),
  german: random.chance(0.5) ? random.below(200_000) : null,
});

/** Sets a new plan, or changes one of these. */
export function changedPlan(random: Random, plans: Plan[]): Plan {
  const before = random.chance(0.4) ? plans.splice(random.below(plans.length), 1)[0] : undefined;
  const plan = planOf(random, before ?? { from: BEGIN + random.below(SPAN_MS), version: 0 });
  plans.push(plan);
  return plan;
}

export function asEvent(plan: Plan) {
  const at = new Date(plan.from).toISOString();
  const terms = { increments: `${plan.first}/${plan.step}`, minimum_seconds: plan.minimum };
  const { german } = plan;
  const state: RatePlan = {
    organization_id: plan.organization,
    effective_from: at,
    currency: plan.currency,
    rate_per_minute_micros: plan.rate,
    ...terms,
    free_minutes_per_month: 0,
    rates: german === null ? [] : [{ direction: 'outbound', country: 'DE', rate_per_minute_micros: german, ...terms }],
    created_at: at,
    updated_at: at,
  };
  return { organization_id: plan.organization, effective_from: at, version: plan.version, plan: state };
}

type Data = CallEnded['data'];

/** What finance would count by hand, with nothing of the ledger's own code. */
export function counted({ data }: CallEnded, plans: readonly Plan[]) {
  const plan = planAt(plans, data);
  let seconds = 0n;
  while (seconds * 1000n < BigInt(data.billable_ms)) seconds += 1n;
  const charged = plan === undefined || seconds === 0n ? 0n : chargedBy(plan, seconds);
  const sixtieths = plan === undefined ? 0n : rateBy(plan, data) * charged;
  const amount = sixtieths / 60n + (sixtieths % 60n >= 30n ? 1n : 0n);
  return { currency: plan?.currency ?? '', seconds, charged, amount };
}

function planAt(plans: readonly Plan[], { organization_id, started_at }: Data): Plan | undefined {
  let found: Plan | undefined;
  for (const plan of plans)
    if (plan.organization === organization_id && plan.from <= Date.parse(started_at) && plan.from >= (found?.from ?? 0))
      found = plan;
  return found;
}

function chargedBy({ first, step, minimum }: Plan, seconds: bigint): bigint {
  let charged = BigInt(first);
  while (charged < seconds || charged < BigInt(minimum)) charged += BigInt(step);
  return charged;
}

const rateBy = ({ rate, german }: Plan, { direction, to }: Data): bigint =>
  BigInt(direction === 'outbound' && to.startsWith('+49') && german !== null ? german : rate);

const dayOf = ({ organization_id, started_at }: Data): string =>
  new Date(Date.parse(started_at) + (organization_id === ZONE.organization ? ZONE.minutes * 60_000 : 0))
    .toISOString()
    .slice(0, 10);

/** Sums by organisation, day and currency, in this order. */
export function summed(calls: Iterable<CallEnded>, plans: readonly Plan[]) {
  const sums = new Map<string, { calls: number; estimated: number; amount: bigint }>();
  for (const call of calls) {
    const { currency, amount } = counted(call, plans);
    const key = [call.data.organization_id, dayOf(call.data), currency].join(' ');
    const sum = sums.get(key) ?? { calls: 0, estimated: 0, amount: 0n };
    sum.calls += 1;
    sum.estimated += call.data.reconstructed ? 1 : 0;
    sum.amount += amount;
    sums.set(key, sum);
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { calls: count, estimated, amount }]) => {
      const [organization, day, currency] = key.split(' ');
      return { organization, day, currency, calls: count, estimated, amount: String(amount) };
    });
}
