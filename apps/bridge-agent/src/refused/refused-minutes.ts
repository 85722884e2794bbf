import type { CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import type { RefusedInvite } from './refused-invites.js';

type Row = Omit<CallsRefused['data'], 'bridge_id'>;

/** What one address can add to a minute in rows, beyond which its calls are counted in one. */
export const ROWS_OF_ADDRESS = 20;
/** Source addresses can be forged, so a number's owner must not be buried under them either. */
export const ADDRESSES_OF_NUMBER = 20;
export const ROWS_OF_MINUTE = 1_000;
/** While NATS is unreachable. */
export const ROWS_KEPT = 5_000;

interface Minute {
  at: string;
  rows: Map<string, Row>;
  ofAddress: Map<string, number>;
  ofNumber: Map<string, number>;
}

/**
 * Counts refused calls by source address, called number, reason and minute, in bounded memory whatever comes. Pure but
 * for its own tables.
 */
export class RefusedMinutes {
  private current: Minute | undefined;
  private readonly changed = new Map<string, Row>();
  /** Rows that were dropped before they were published. */
  dropped = 0;

  add(refused: RefusedInvite, now: Date): void {
    const minute = this.minuteOf(now);
    const row = folded(refused, minute);
    const key = [minute.at, row.sourceAddress, row.called, row.numbers.join(), row.reason, row.sipStatus].join('\n');
    const known = minute.rows.get(key);
    const at = now.toISOString();
    const next: Row = {
      minute: minute.at,
      source_address: row.sourceAddress,
      called: row.called,
      reason: row.reason,
      sip_status: row.sipStatus,
      numbers: row.numbers,
      detail: row.detail,
      count: (known?.count ?? 0) + 1,
      first_at: known?.first_at ?? at,
      last_at: at,
    };
    minute.rows.set(key, next);
    if (known === undefined) {
      count(minute.ofAddress, row.sourceAddress);
      for (const number of row.numbers) count(minute.ofNumber, number);
    }
    this.changed.set(key, next);
    if (this.changed.size <= ROWS_KEPT) return;
    this.changed.delete(this.changed.keys().next().value!);
    this.dropped += 1;
  }

  /** The rows to publish. */
  pending(): [key: string, row: Row][] {
    return [...this.changed];
  }

  /** Marks a row as published, unless it has changed since. */
  published(key: string, row: Row): void {
    if (this.changed.get(key) === row) this.changed.delete(key);
  }

  private minuteOf(now: Date): Minute {
    const at = `${now.toISOString().slice(0, 16)}:00.000Z`;
    if (this.current?.at !== at) this.current = { at, rows: new Map(), ofAddress: new Map(), ofNumber: new Map() };
    return this.current;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Existing rows are still counted. */
function folded(refused: RefusedInvite, minute: Minute): RefusedInvite {
  const { sourceAddress, called, numbers, reason, sipStatus } = refused;
  if (minute.rows.has([minute.at, sourceAddress, called, numbers.join(), reason, sipStatus].join('\n'))) return refused;
  if (minute.rows.size >= ROWS_OF_MINUTE)
    return { ...refused, sourceAddress: '', called: '', numbers: [], detail: null };
  if ((minute.ofAddress.get(sourceAddress) ?? 0) >= ROWS_OF_ADDRESS)
    return { ...refused, called: '', numbers: [], detail: null };
  if (numbers.some((number) => (minute.ofNumber.get(number) ?? 0) >= ADDRESSES_OF_NUMBER))
    return { ...refused, sourceAddress: '', detail: null };
  return refused;
}
