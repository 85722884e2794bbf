import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { BEGIN, SPAN_MS, type Random } from './generated-calls.fixture.js';
import { beginOf, dayOf, RATED } from './generated-zones.fixture.js';

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
  /** Minutes a month. */
  free: number;
  german: number | null;
}

/** A new plan, or the next version of the one that began then. */
const planOf = (random: Random, before: Pick<Plan, 'from' | 'version'> & { organization?: string }): Plan => ({
  organization: before.organization ?? random.of(RATED),
  from: before.from,
  version: before.version + 1,
  currency: random.of(['USD', 'EUR']),
  rate: random.below(90_000),
  first: random.of([60, 30, 1]),
  step: random.of([60, 6, 1]),
  minimum: random.of([0, 0, 20]),
  free: random.of([0, 30, 400, 100_000]),
  german: random.chance(0.5) ? random.below(200_000) : null,
});

/** Sets a new plan, or changes one of these. */
export function changedPlan(random: Random, plans: Plan[]): Plan {
  const before = random.chance(0.4) ? plans.splice(random.below(plans.length), 1)[0] : undefined;
  const plan = planOf(random, before ?? newPlan(random));
  plans.push(plan);
  return plan;
}

/** Many plans begin with a month of the organisation, as finance sets them. */
function newPlan(random: Random): Pick<Plan, 'organization' | 'from' | 'version'> {
  const organization = random.of(RATED);
  const earlier = random.chance(0.5) ? SPAN_MS / 4 : SPAN_MS;
  const time = BEGIN + random.below(earlier);
  const from = random.chance(0.5) ? beginOf(organization, dayOf(organization, time).slice(0, 7)) : time;
  return { organization, from, version: 0 };
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
    free_minutes_per_month: plan.free,
    rates: german === null ? [] : [{ direction: 'outbound', country: 'DE', rate_per_minute_micros: german, ...terms }],
    created_at: at,
    updated_at: at,
  };
  return { organization_id: plan.organization, effective_from: at, version: plan.version, plan: state };
}

type Data = CallEnded['data'];

/** What finance would count by hand, with nothing of the ledger's own code. */
export function counted({ data }: CallEnded, plans: readonly Plan[]) {
  const carrier = data.carrier ?? 'external';
  const plan = carrier === 'managed' ? undefined : planAt(plans, data);
  let seconds = 0n;
  while (seconds * 1000n < BigInt(data.billable_ms)) seconds += 1n;
  const charged = plan === undefined || seconds === 0n ? 0n : chargedBy(plan, seconds);
  const rate = plan === undefined ? 0n : rateBy(plan, data);
  const sixtieths = rate * charged;
  const amount = sixtieths / 60n + (sixtieths % 60n >= 30n ? 1n : 0n);
  return { carrier, currency: plan?.currency ?? '', rate, seconds, charged, amount };
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

/** Sums by organisation, day, carrier and currency, in this order. */
export function summed(calls: Iterable<CallEnded>, plans: readonly Plan[]) {
  const sums = new Map<string, { calls: number; estimated: number; amount: bigint }>();
  for (const call of calls) {
    const { carrier, currency, amount } = counted(call, plans);
    const { organization_id, started_at } = call.data;
    const key = [organization_id, dayOf(organization_id!, Date.parse(started_at)), carrier, currency].join(' ');
    const sum = sums.get(key) ?? { calls: 0, estimated: 0, amount: 0n };
    sum.calls += 1;
    sum.estimated += call.data.reconstructed ? 1 : 0;
    sum.amount += amount;
    sums.set(key, sum);
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { calls: count, estimated, amount }]) => {
      const [organization, day, carrier, currency] = key.split(' ');
      return { organization, day, carrier, currency, calls: count, estimated, amount: String(amount) };
    });
}
