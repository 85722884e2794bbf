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
/** So many rows of a minute keep their first and last INVITE: some 2 MB at most. */
export const INVITES_OF_MINUTE = 200;
/** A row that only counts on is published again after so long, or when its minute is over. */
const AGAIN_MS = 5_000;

interface Minute {
  at: string;
  rows: Map<string, Row>;
  ofAddress: Map<string, number>;
  ofNumber: Map<string, number>;
  /** When each row was published last. */
  publishedAt: Map<string, number>;
  invites: number;
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
    const key = keyOf(minute, row);
    const known = minute.rows.get(key);
    const at = now.toISOString();
    const next: Row = {
      minute: minute.at,
      source_address: row.sourceAddress,
      called: row.called,
      reason: row.reason,
      sip_status: row.sipStatus,
      numbers: row.numbers,
      users: row.users,
      detail: row.detail,
      count: (known?.count ?? 0) + 1,
      first_at: known?.first_at ?? at,
      last_at: at,
      ...invitesOf(minute, known, row.invite),
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

  /** The rows to publish. `now` undefined: all that have changed. */
  pending(now?: Date): [key: string, row: Row][] {
    if (now === undefined) return [...this.changed];
    const minute = this.minuteOf(now);
    const due = (key: string) => now.getTime() - (minute.publishedAt.get(key) ?? 0) >= AGAIN_MS;
    return [...this.changed].filter(([key]) => due(key));
  }

  /** Marks a row as published; one that has changed since is published again. */
  published(key: string, row: Row, now = new Date(row.last_at)): void {
    if (this.current?.rows.has(key) === true) this.current.publishedAt.set(key, now.getTime());
    if (this.changed.get(key) === row) this.changed.delete(key);
  }

  private minuteOf(now: Date): Minute {
    const at = `${now.toISOString().slice(0, 16)}:00.000Z`;
    if (this.current?.at !== at)
      this.current = {
        at,
        rows: new Map(),
        ofAddress: new Map(),
        ofNumber: new Map(),
        publishedAt: new Map(),
        invites: 0,
      };
    return this.current;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const keyOf = (minute: Minute, { sourceAddress, called, numbers, users, reason, sipStatus }: RefusedInvite): string =>
  [minute.at, sourceAddress, called, numbers.join(), users.join(), reason, sipStatus].join('\n');

/** The first INVITE of a row, and this one. */
function invitesOf(minute: Minute, known: Row | undefined, invite: RefusedInvite['invite']): Partial<Row> {
  const first = known?.first_invite;
  if (invite === undefined || (first === undefined && minute.invites >= INVITES_OF_MINUTE))
    return first === undefined ? {} : { first_invite: first, last_invite: known!.last_invite! };
  if (first === undefined) minute.invites += 1;
  return { first_invite: first ?? invite, last_invite: invite };
}

/** Existing rows are still counted. Who is meant is not certain in a row of many, so it names nobody. */
function folded(refused: RefusedInvite, minute: Minute): RefusedInvite {
  const { sourceAddress, numbers } = refused;
  if (minute.rows.has(keyOf(minute, refused))) return refused;
  const unnamed = { ...refused, called: '', numbers: [], users: [], detail: null };
  if (minute.rows.size >= ROWS_OF_MINUTE) return { ...unnamed, sourceAddress: '' };
  if ((minute.ofAddress.get(sourceAddress) ?? 0) >= ROWS_OF_ADDRESS) return unnamed;
  if (numbers.some((number) => (minute.ofNumber.get(number) ?? 0) >= ADDRESSES_OF_NUMBER))
    return { ...refused, sourceAddress: '', users: [], detail: null };
  return refused;
}
