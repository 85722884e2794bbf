import type { DataSource, EntityManager } from 'typeorm';
import { everyOne } from '../../every-one.js';
import type { Charge } from '../ledger/ledger-entry.js';
import { lockShared } from '../ledger/lock.pg.js';
import { rechargeCalls, type CurrentEntry } from '../ledger/ledger.pg.js';
import { rateCall } from './rate-call.js';
import { loadPlans } from './rate-plans.pg.js';

const CALLS_AT_ONCE = 1_000;

export interface Settling {
  now: () => Date;
  signal?: AbortSignal;
}

interface Unsettled {
  organization_id: string;
  effective_from: Date;
  version: string;
}

/**
 * Corrects the calls that the ledger has, and that a plan set since then charges otherwise. A thousand calls a
 * transaction; whoever dies in between leaves the rest to the next. Returns how many calls were corrected.
 * @throws AggregateError the plans that could not be applied, once all others are
 */
export async function settle(dataSource: DataSource, options: Settling): Promise<number> {
  const { signal } = options;
  const unsettled: Unsettled[] = await dataSource.query(
    'SELECT organization_id, effective_from, version FROM rate_plans WHERE unsettled ORDER BY effective_from',
  );
  return everyOne(unsettled, { what: 'changed rate plans', signal }, (plan) => settlePlan(dataSource, plan, options));
}

async function settlePlan(dataSource: DataSource, plan: Unsettled, { now, signal }: Settling): Promise<number> {
  let corrected = 0;
  for (let after: Position | null = { started_at: plan.effective_from.toISOString(), entry_id: '0' }; after !== null;) {
    signal?.throwIfAborted();
    const from: Position = after;
    const chunk: Chunk = await dataSource.transaction((tx) => settleChunk(tx, plan.organization_id, { from, now }));
    after = chunk.through;
    corrected += chunk.corrected;
  }
  await dataSource.query(
    'UPDATE rate_plans SET unsettled = false WHERE organization_id = $1 AND effective_from = $2 AND version = $3',
    [plan.organization_id, plan.effective_from, plan.version],
  );
  return corrected;
}

/** `started_at` as text, because a Date has no microseconds. */
interface Position {
  started_at: string;
  entry_id: string;
}
interface Chunk {
  through: Position | null;
  corrected: number;
}

async function settleChunk(
  tx: EntityManager,
  organizationId: string,
  { from, now }: { from: Position; now: () => Date },
): Promise<Chunk> {
  await lockShared(tx);
  const found: (Position & { call_id: string })[] = await tx.query(
    `SELECT call_id, entry_id, ${TIME} AS started_at FROM ledger_entries WHERE organization_id = $1 AND
      (started_at, entry_id) > ($2::timestamptz, $3::bigint) AND kind <> 'reversal' AND carrier_cost =
      'external' ORDER BY ledger_entries.started_at, entry_id LIMIT $4`,
    [organizationId, from.started_at, from.entry_id, CALLS_AT_ONCE],
  );
  const plans = (await loadPlans(tx, [organizationId])).get(organizationId) ?? [];
  const changed = (await lockCurrent(tx, found)).flatMap((entry) => {
    const charge = rateCall(plans, { ...entry, billable_seconds: BigInt(entry.billable_seconds) });
    return isCharged(entry, charge) ? [] : [{ current: entry, charge }];
  });
  await rechargeCalls(tx, changed, now());
  return { through: found.length < CALLS_AT_ONCE ? null : found.at(-1)!, corrected: changed.length };
}

const TIME = `to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

interface ChargedEntry extends CurrentEntry {
  direction: 'inbound' | 'outbound';
  country: string | null;
  billable_seconds: string;
  plan_from: Date | null;
  currency: string | null;
  rate_micros: string | null;
  charged_seconds: string;
  amount_micros: string;
}

/** Locked first and read then: a correction that another copy has just written is the one that is read. */
async function lockCurrent(tx: EntityManager, calls: readonly { call_id: string }[]): Promise<ChargedEntry[]> {
  const ids = [...new Set(calls.map((call) => call.call_id))];
  await tx.query('SELECT FROM ledger_calls WHERE call_id = ANY($1::uuid[]) ORDER BY call_id FOR UPDATE', [ids]);
  return tx.query(
    `SELECT call_id, entry_id, ${TIME} AS started_at, direction, country, billable_seconds, plan_from, currency,
      rate_micros, charged_seconds, amount_micros
    FROM ledger_calls JOIN ledger_entries USING (entry_id, call_id, started_at) WHERE call_id = ANY($1::uuid[])`,
    [ids],
  );
}

const isCharged = (entry: ChargedEntry, charge: Charge): boolean =>
  (entry.plan_from?.toISOString() ?? null) === charge.plan_from &&
  entry.currency === charge.currency &&
  entry.rate_micros === (charge.rate_micros === null ? null : String(charge.rate_micros)) &&
  entry.charged_seconds === String(charge.charged_seconds) &&
  entry.amount_micros === String(charge.amount_micros);
