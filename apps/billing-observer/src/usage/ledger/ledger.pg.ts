import type { EntityManager } from 'typeorm';
import { countSql } from './count.js';
import { billableSeconds, type CallFacts, type Charge } from './ledger-entry.js';

/** A call as the ledger writes it. */
export interface RatedCall {
  call: CallFacts;
  charge: Charge;
}

export type CorrectionReason = 'known-better' | 'rate-plan-changed';

/** The columns of an entry that the call gives, with their types and values. */
const COLUMNS: readonly (readonly [name: string, type: string, value: (rated: RatedCall) => unknown])[] = [
  ['call_id', 'uuid', ({ call }) => call.call_id],
  ['organization_id', 'uuid', ({ call }) => call.organization_id],
  ['trunk_id', 'uuid', ({ call }) => call.trunk_id],
  ['number_id', 'uuid', ({ call }) => call.number_id],
  ['bridge_id', 'text', ({ call }) => call.bridge_id],
  ['bridge_epoch', 'uuid', ({ call }) => call.bridge_epoch],
  ['record_number', 'bigint', ({ call }) => call.record_number],
  ['direction', 'text', ({ call }) => call.direction],
  ['from_number', 'text', ({ call }) => call.from],
  ['to_number', 'text', ({ call }) => call.to],
  ['country', 'text', ({ call }) => call.country],
  ['started_at', 'timestamptz', ({ call }) => call.started_at],
  ['answered_at', 'timestamptz', ({ call }) => call.answered_at],
  ['ended_at', 'timestamptz', ({ call }) => call.ended_at],
  ['billable_ms', 'bigint', ({ call }) => call.billable_ms],
  ['billable_seconds', 'bigint', ({ call }) => String(billableSeconds(call.billable_ms))],
  ['hangup_cause', 'text', ({ call }) => call.hangup_cause],
  ['sip_status', 'integer', ({ call }) => call.sip_status],
  ['carrier_cost', 'text', ({ call }) => call.carrier_cost],
  ['estimated', 'boolean', ({ call }) => call.estimated],
  ['plan_from', 'timestamptz', ({ charge }) => charge.plan_from],
  ['currency', 'text', ({ charge }) => charge.currency],
  ['rate_micros', 'bigint', ({ charge }) => textOf(charge.rate_micros)],
  ['charged_seconds', 'bigint', ({ charge }) => textOf(charge.charged_seconds)],
  ['amount_micros', 'bigint', ({ charge }) => textOf(charge.amount_micros)],
];
const textOf = (value: bigint | null) => (value === null ? null : String(value));
const NAMES = COLUMNS.map(([name]) => name).join(', ');
const GIVEN = COLUMNS.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
const valuesOf = (calls: readonly RatedCall[]) => COLUMNS.map(([, , value]) => calls.map(value));
const NOW = `$${COLUMNS.length + 1}::timestamptz`;
const NEXT = `$${COLUMNS.length + 2}`;

/**
 * One entry for each call that has none yet; returns the calls that it wrote. `ledger_calls` is what makes a call's
 * entry unique: a unique index of a partitioned table would have to include the partition's column.
 */
const INSERT = `
  WITH given AS MATERIALIZED (SELECT nextval('ledger_entry_id') AS entry_id, call.* FROM unnest(${GIVEN}) AS call
      (${NAMES})),
    fresh AS (INSERT INTO ledger_calls (call_id, entry_id, started_at, estimated) SELECT call_id, entry_id, started_at,
      estimated FROM given ON CONFLICT DO NOTHING RETURNING entry_id),
    written AS (INSERT INTO ledger_entries (entry_id, kind, recorded_at, ${NAMES})
      SELECT entry_id, 'call', ${NOW}, ${NAMES} FROM given JOIN fresh USING (entry_id) RETURNING *),
    counted AS (${countSql('written')})
  SELECT call_id FROM written`;

export async function insertCalls(tx: EntityManager, calls: readonly RatedCall[], now: Date): Promise<Set<string>> {
  if (calls.length === 0) return new Set();
  const written: { call_id: string }[] = await tx.query(INSERT, [...valuesOf(calls), now]);
  return new Set(written.map((row) => row.call_id));
}

/** `started_at` as text keeps its microseconds. */
export interface CurrentEntry {
  call_id: string;
  entry_id: string;
  started_at: string;
}

/** `archived`: its month was exported and dropped; the estimates of such months are kept for this. */
export interface Estimate extends CurrentEntry {
  archived: boolean;
}

/** Locks and returns the calls with an estimated entry that can be corrected now. */
export function lockEstimates(tx: EntityManager, calls: readonly CallFacts[]): Promise<Estimate[]> {
  return tx.query(
    `SELECT current.call_id, current.entry_id, current.started_at::text AS started_at,
      archived.entry_id IS NOT NULL AS archived FROM ledger_calls AS current
      JOIN unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS given (call_id, organization_id, estimated) USING (call_id)
      LEFT JOIN ledger_entries AS entry ON entry.entry_id = current.entry_id AND entry.started_at = current.started_at
      LEFT JOIN usage_archived_estimates AS archived ON archived.entry_id = current.entry_id
    WHERE current.estimated AND given.organization_id = coalesce(entry.organization_id, archived.organization_id)
      AND (NOT given.estimated OR coalesce(entry.bridge_epoch, archived.bridge_epoch) = current.call_id)
    ORDER BY current.call_id FOR UPDATE OF current`,
    [calls.map((call) => call.call_id), calls.map((call) => call.organization_id), calls.map((call) => call.estimated)],
  );
}

/** The amounts and lengths of an entry, which its reversal takes back. */
const MEASURES = ['billable_ms', 'billable_seconds', 'charged_seconds', 'amount_micros'];
const REVERSED = COLUMNS.map(([name]) => (MEASURES.includes(name) ? `-entry.${name}` : `entry.${name}`)).join(', ');
const reverseIn = (source: string) => `
  WITH written AS (INSERT INTO ledger_entries (kind, corrects, reason, recorded_at, ${NAMES})
    SELECT 'reversal', entry.entry_id, $3, $4, ${REVERSED} FROM ${source} AS entry
      JOIN unnest($1::bigint[], $2::timestamptz[]) AS wrong (entry_id, started_at) USING (entry_id, started_at)
    RETURNING *)
  ${countSql('written')}`;
const REVERSE = reverseIn('ledger_entries');
const REVERSE_ARCHIVED = reverseIn('usage_archived_estimates');
const REPLACE = `
  WITH given AS MATERIALIZED (SELECT nextval('ledger_entry_id') AS entry_id, call.*, wrong.entry_id AS corrects
      FROM unnest(${GIVEN}) AS call (${NAMES}) JOIN ledger_calls AS wrong USING (call_id)),
    moved AS (UPDATE ledger_calls AS current SET entry_id = given.entry_id, started_at = given.started_at, estimated =
      given.estimated FROM given WHERE current.call_id = given.call_id),
    written AS (INSERT INTO ledger_entries (entry_id, kind, corrects, reason, recorded_at, ${NAMES})
      SELECT entry_id, 'correction', corrects, ${NEXT}, ${NOW}, ${NAMES} FROM given RETURNING *)
  ${countSql('written')}`;

/**
 * Takes back the current entries of these calls and writes new ones, all of them naming what they correct. The rows of
 * `ledger_calls` must be locked. Sums over all entries are then right, whichever of them a sum holds.
 */
export async function correctCalls(
  tx: EntityManager,
  corrected: readonly { current: Estimate; rated: RatedCall }[],
  { reason, now }: { reason: CorrectionReason; now: Date },
): Promise<void> {
  if (corrected.length === 0) return;
  for (const archived of [false, true]) {
    const wrong = corrected.map(({ current }) => current).filter((current) => current.archived === archived);
    if (wrong.length === 0) continue;
    const named = [wrong.map((row) => row.entry_id), wrong.map((row) => row.started_at)];
    await tx.query(archived ? REVERSE_ARCHIVED : REVERSE, [...named, reason, now]);
  }
  await tx.query(REPLACE, [...valuesOf(corrected.map(({ rated }) => rated)), now, reason]);
}

const CHARGE = ['plan_from', 'currency', 'rate_micros', 'charged_seconds', 'amount_micros'];
const KEPT = COLUMNS.map(([name]) => name).filter((name) => !CHARGE.includes(name));
const RECHARGE = `
  WITH given AS MATERIALIZED (SELECT nextval('ledger_entry_id') AS next_id, charge.* FROM unnest($1::bigint[],
      $2::timestamptz[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) AS charge
      (entry_id, started_at, ${CHARGE.join(', ')})),
    moved AS (UPDATE ledger_calls AS current SET entry_id = given.next_id FROM given WHERE current.entry_id =
      given.entry_id AND current.call_id = ANY($10::uuid[])),
    written AS (INSERT INTO ledger_entries (entry_id, kind, corrects, reason, recorded_at,
        ${[...KEPT, ...CHARGE].join(', ')})
      SELECT given.next_id, 'correction', entry.entry_id, $8, $9::timestamptz,
        ${KEPT.map((name) => `entry.${name}`).join(', ')}, ${CHARGE.map((name) => `given.${name}`).join(', ')}
      FROM given JOIN ledger_entries AS entry USING (entry_id, started_at) RETURNING *)
  ${countSql('written')}`;

/** As `correctCalls`, where only the charge changes: all else is as the current entry says. */
export async function rechargeCalls(
  tx: EntityManager,
  changed: readonly { current: CurrentEntry; charge: Charge }[],
  now: Date,
): Promise<void> {
  if (changed.length === 0) return;
  const reason: CorrectionReason = 'rate-plan-changed';
  const wrong = changed.map(({ current }) => current);
  const of = (value: (charge: Charge) => unknown) => changed.map(({ charge }) => value(charge));
  await tx.query(REVERSE, [wrong.map((row) => row.entry_id), wrong.map((row) => row.started_at), reason, now]);
  await tx.query(RECHARGE, [
    wrong.map((row) => row.entry_id),
    wrong.map((row) => row.started_at),
    of((charge) => charge.plan_from),
    of((charge) => charge.currency),
    of((charge) => textOf(charge.rate_micros)),
    of((charge) => textOf(charge.charged_seconds)),
    of((charge) => textOf(charge.amount_micros)),
    reason,
    now,
    wrong.map((row) => row.call_id),
  ]);
}
