import type { CallCarrier } from '@trunkmesh/contracts/call-parts.js';

/** What a finished call tells the ledger. Times are RFC 3339 in UTC, with microseconds. */
export interface CallFacts {
  call_id: string;
  organization_id: string;
  trunk_id: string | null;
  number_id: string | null;
  bridge_id: string;
  bridge_epoch: string;
  record_number: number;
  direction: 'inbound' | 'outbound';
  from: string;
  to: string;
  /** The other party's, ISO 3166-1 alpha-2; null where its number belongs to none or is not known. */
  country: string | null;
  started_at: string;
  answered_at: string | null;
  ended_at: string;
  billable_ms: number;
  hangup_cause: string;
  sip_status: number | null;
  /** Whose contract the carrier is: the organisation's own, or the platform's. */
  carrier_cost: CallCarrier;
  /** Whoever had the call was lost, and `ended_at` is the latest time that is certain. */
  estimated: boolean;
}

/** What the platform charges for a call. Money is in micro-units of the currency: 1,000,000 are one. */
export interface Charge {
  /** When the rate plan that rates the call began; null: there is none, and nothing is charged. */
  plan_from: string | null;
  currency: string | null;
  /** A minute. */
  rate_micros: bigint | null;
  charged_seconds: bigint;
  amount_micros: bigint;
}

export const NOT_RATED: Charge = {
  plan_from: null,
  currency: null,
  rate_micros: null,
  charged_seconds: 0n,
  amount_micros: 0n,
};

/** A second that has begun counts whole. */
export const billableSeconds = (billableMs: number): bigint => (BigInt(billableMs) + 999n) / 1000n;

/** No call begins or ends before this month: a clock that says so is wrong. */
const FIRST_MONTH = '2000-01';
const MONTHS_AHEAD = 3;

/** The month of a time, in UTC: `2026-11`. */
const monthOf = (time: string): string => time.slice(0, 7);

/** This month and the next ones, in UTC. */
export function monthsAhead(now: Date): string[] {
  return Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) =>
    monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString()),
  );
}

/** The least months before the current one that stay in the database when older ones are dropped. */
export const LEAST_KEPT_MONTHS = 3;

/** No month from this one on has ever been dropped. */
export const firstKept = (now: Date): string =>
  monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - LEAST_KEPT_MONTHS, 1)).toISOString());

/** The months that calls with these beginnings need. */
export const monthsNeeded = (startedAt: readonly string[]): string[] => [...new Set(startedAt.map(monthOf))].sort();

/**
 * Whether a call began and ended in months that the ledger has or may make. Entries of a month far ahead would keep
 * that month from having a partition when it comes, and would be in its statement.
 */
export function isInRange({ started_at, ended_at }: Pick<CallFacts, 'started_at' | 'ended_at'>, now: Date): boolean {
  const last = monthsAhead(now).at(-1)!;
  return [started_at, ended_at].map(monthOf).every((month) => month >= FIRST_MONTH && month <= last);
}
