import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import type { RatePlan } from '@trunkmesh/contracts/rate-plan.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callEnded, callId, EPOCH } from '@trunkmesh/testkit/call-events.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, record } from '../call-log/call-log.fixture.js';
import { createDataSource } from '../database.pg.js';
import { applyPlans } from './rating/rate-plans.pg.js';
import { settle } from './rating/settle.pg.js';
import { rebuildUsage } from './summary/recount.pg.js';
import { applyTimeZones } from './summary/time-zones.pg.js';

/** A million with USAGE_CALLS=1000000. */
const CALLS = Number(process.env['USAGE_CALLS'] ?? 20_000);
const SEED = Number(process.env['USAGE_SEED'] ?? 20261129);

/** mulberry32: the same calls for the same seed. */
function randomFrom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    chance: (share: number) => next() < share,
    below: (limit: number) => Math.floor(next() * limit),
    of: <Item>(items: readonly Item[]) => items[Math.floor(next() * items.length)]!,
  };
}
const random = randomFrom(SEED);

const ORGANIZATIONS = ['a', 'b', 'c'].map((last) => `0190a5b2-7c00-7000-8000-0000000000a${last}`);
/** Half an hour off the whole hours, so that a day is none of UTC's. */
const ZONE = { name: 'Asia/Kolkata', organization: ORGANIZATIONS[1]!, minutes: 330 };
const BEGIN = Date.parse('2026-09-28T00:00:00.000Z');
const SPAN_MS = 70 * 86_400_000;
const PARTIES = [
  ['+15559876543', 'US'],
  ['+4930123456', 'DE'],
  ['+442079460123', 'GB'],
  ['anonymous', null],
] as const;

interface Plan {
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
const planOf = (organization: string, from: number, version: number): Plan => ({
  organization,
  from,
  version,
  currency: random.of(['USD', 'EUR']),
  rate: random.below(90_000),
  first: random.of([60, 30, 1]),
  step: random.of([60, 6, 1]),
  minimum: random.of([0, 0, 20]),
  german: random.chance(0.5) ? random.below(200_000) : null,
});
const asEvent = (plan: Plan) => {
  const at = new Date(plan.from).toISOString();
  const terms = { increments: `${plan.first}/${plan.step}`, minimum_seconds: plan.minimum };
  const state: RatePlan = {
    organization_id: plan.organization,
    effective_from: at,
    currency: plan.currency,
    rate_per_minute_micros: plan.rate,
    ...terms,
    free_minutes_per_month: 0,
    rates:
      plan.german === null
        ? []
        : [{ direction: 'outbound', country: 'DE', rate_per_minute_micros: plan.german, ...terms }],
    created_at: at,
    updated_at: at,
  };
  return { organization_id: plan.organization, effective_from: at, version: plan.version, plan: state };
};

let events = 0;
function endedCall(n: number, number: number): CallEnded {
  const event = callEnded(n);
  const [party, country] = random.of(PARTIES);
  const outbound = country !== null && random.chance(0.4);
  const organization_id = random.of(ORGANIZATIONS);
  const started = BEGIN + random.below(SPAN_MS);
  const billable_ms = random.chance(0.2) ? 0 : random.below(900_000);
  const answered = started + random.below(20_000);
  return {
    ...event,
    id: `0190a5b2-7c00-7000-9000-${String((events += 1)).padStart(12, '0')}`,
    subject: callSubject(organization_id, callId(n)),
    data: {
      ...event.data,
      organization_id,
      record_number: number,
      direction: outbound ? 'outbound' : 'inbound',
      ...(outbound ? { from: '+15551234567', to: party } : { from: party, to: '+15551234567' }),
      started_at: new Date(started).toISOString(),
      answered_at: billable_ms === 0 ? null : new Date(answered).toISOString(),
      ended_at: new Date(answered + billable_ms).toISOString(),
      billable_ms,
      reconstructed: random.chance(0.02),
    },
  };
}

/** What finance would count by hand, with nothing of the ledger's own code. */
const oracle = (calls: ReadonlyMap<string, CallEnded>, plans: readonly Plan[]) =>
  [...calls.values()].map(({ data }) => {
    const plan = planAt(plans, data);
    let seconds = 0n;
    while (seconds * 1000n < BigInt(data.billable_ms)) seconds += 1n;
    const charged = plan === undefined || seconds === 0n ? 0n : chargedBy(plan, seconds);
    const sixtieths = plan === undefined ? 0n : rateBy(plan, data) * charged;
    const amount = sixtieths / 60n + (sixtieths % 60n >= 30n ? 1n : 0n);
    const { organization_id: organization } = data;
    return { data, organization, day: dayOf(data), currency: plan?.currency ?? '', seconds, charged, amount };
  });

type Data = CallEnded['data'];
const planAt = (plans: readonly Plan[], { organization_id, started_at }: Data): Plan | undefined =>
  plans
    .filter((plan) => plan.organization === organization_id && plan.from <= Date.parse(started_at))
    .sort((a, b) => b.from - a.from)[0];
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
type Counted = ReturnType<typeof oracle>[number];

let postgres: Postgres;
let copies: DataSource[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  const { url, db } = await freshDatabase(postgres);
  copies = [db, await createDataSource(url).initialize()];
}, 60_000);
afterAll(async () => {
  await Promise.all(copies.map((copy) => copy.destroy()));
  await postgres?.stop();
});

describe('generated calls with repetitions, disorder, gaps, estimates and changes of plans', () => {
  const lost = new Set<number>();
  const truth = new Map<string, CallEnded>();
  const plans: Plan[] = [];
  const now = () => new Date('2026-12-10T00:00:00.000Z');

  it('are all recorded', async () => {
    const [first, second] = copies as [DataSource, DataSource];
    await applyTimeZones(first, [{ organization_id: ZONE.organization, version: 1, time_zone: ZONE.name }]);
    const arrivals = shuffled(generate(lost, truth));
    for (let at = 0; at < arrivals.length;) {
      const size = 1 + random.below(500);
      const batch = arrivals.slice(at, at + size);
      at += size;
      // Two copies are given the same part: JetStream has delivered it again.
      if (random.chance(0.2)) await Promise.all([record(first, batch), record(second, batch.toReversed())]);
      else await record(random.of(copies), batch);
      if (random.chance(0.15)) await changePlan(plans);
      if (random.chance(0.1)) await settle(random.of(copies), { now });
    }
    await Promise.all(copies.map((copy) => settle(copy, { now })));
    expect(truth.size).toBeGreaterThan(0.9 * CALLS);
  }, 3_600_000);

  async function changePlan(known: Plan[]): Promise<void> {
    const before = random.chance(0.4) && known.length > 0 ? random.of(known) : undefined;
    const plan = planOf(
      before?.organization ?? random.of(ORGANIZATIONS.slice(0, 2)),
      before?.from ?? BEGIN + random.below(SPAN_MS),
      (before?.version ?? 0) + 1,
    );
    if (before !== undefined) known.splice(known.indexOf(before), 1);
    known.push(plan);
    await applyPlans(random.of(copies), [asEvent(plan)]);
  }

  it('every call is what the oracle says, to the millisecond and the micro-unit', async () => {
    const rows: Record<string, unknown>[] = await copies[0]!.query(
      `SELECT call_id, sum(CASE kind WHEN 'reversal' THEN -1 ELSE 1 END)::int AS calls, sum(billable_ms)::text AS ms,
        sum(billable_seconds)::text AS seconds, sum(charged_seconds)::text AS charged,
        sum(amount_micros)::text AS amount FROM ledger_entries GROUP BY call_id ORDER BY call_id`,
    );
    const expected = oracle(truth, plans).map(({ data, seconds, charged, amount }) => ({
      call_id: data.call_id,
      calls: 1,
      ms: String(data.billable_ms),
      seconds: String(seconds),
      charged: String(charged),
      amount: String(amount),
    }));
    expect(rows).toEqual(expected.sort((a, b) => (a.call_id < b.call_id ? -1 : 1)));
  });

  it('the sums by day are those of the oracle, and the same when made again', async () => {
    const sums = () =>
      copies[0]!.query(
        `SELECT organization_id AS organization, day::text, currency, calls::int, estimated::int, amount_micros::text AS
          amount FROM usage_days WHERE dimension = 'all' AND (calls, amount_micros) <> (0, 0) ORDER BY 1, 2, 3`,
      );
    const expected = summed(oracle(truth, plans));
    expect(await sums()).toEqual(expected);
    await rebuildUsage(copies[0]!, { signal: new AbortController().signal, progress: () => undefined });
    expect(await sums()).toEqual(expected);
  });

  it('the gaps are exactly the records that never came', async () => {
    const [row] = (await copies[0]!.query('SELECT missing FROM bridge_progress WHERE bridge_epoch = $1', [EPOCH])) as [
      { missing: [number, number][] },
    ];
    const missing = row.missing.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_n, at) => from + at));
    expect(missing).toEqual([...lost].sort((a, b) => a - b));
  });
});

/** Every record that a bridge sends, some of them never and some of them twice. */
function generate(lost: Set<number>, truth: Map<string, CallEnded>): CallEnded[] {
  const arrivals: CallEnded[] = [];
  let number = 0;
  for (let n = 1; n <= CALLS; n += 1) {
    const event = endedCall(n, (number += 1));
    if (n < CALLS && random.chance(0.002)) {
      lost.add(number);
      continue;
    }
    arrivals.push(event);
    truth.set(event.data.call_id, event);
    if (random.chance(0.05)) arrivals.push(event);
    if (!event.data.reconstructed || random.chance(0.5)) continue;
    const better = certain(event, (number += 1));
    arrivals.push(better);
    truth.set(event.data.call_id, better);
  }
  return arrivals;
}

function certain(estimate: CallEnded, record_number: number): CallEnded {
  const billable_ms = estimate.data.billable_ms + 1_500;
  const answered = estimate.data.answered_at ?? estimate.data.started_at;
  const ended_at = new Date(Date.parse(answered) + billable_ms).toISOString();
  return {
    ...estimate,
    id: `0190a5b2-7c00-7000-9000-${String((events += 1)).padStart(12, '0')}`,
    data: { ...estimate.data, record_number, answered_at: answered, ended_at, billable_ms, reconstructed: false },
  };
}

/** Records come late, by up to some thousands of others. */
const shuffled = (arrivals: readonly CallEnded[]): CallEnded[] =>
  arrivals
    .map((event, index) => ({ event, at: index + (random.chance(0.1) ? random.below(5_000) : random.below(20)) }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);

function summed(counted: readonly Counted[]) {
  const sums = new Map<string, { calls: number; estimated: number; amount: bigint }>();
  for (const { organization, day, currency, data, amount } of counted) {
    const key = [organization, day, currency].join(' ');
    const sum = sums.get(key) ?? { calls: 0, estimated: 0, amount: 0n };
    sums.set(key, {
      calls: sum.calls + 1,
      estimated: sum.estimated + (data.reconstructed ? 1 : 0),
      amount: sum.amount + amount,
    });
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { calls, estimated, amount }]) => {
      const [organization, day, currency] = key.split(' ');
      return { organization, day, currency, calls, estimated, amount: String(amount) };
    });
}
