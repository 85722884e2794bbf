import type { EntityManager } from 'typeorm';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import { forgetDays } from './call-days.pg.js';
import { customerPhone, evolve, readToldBy, rowKey, writeToldBy, type CallRow } from './call-summary.js';
import { storableText } from '../storable-text.js';

/** Brings events into their calls' rows, in the transaction that logs them. */
export async function applyToCallLog(tx: EntityManager, events: readonly CallEvent[]): Promise<void> {
  let open = byCall(events);
  while (open.size > 0) {
    const known = await lockRows(tx, callsOf(open.values()));
    const rows = [...open].map(([key, ofCall]) => ofCall.reduce<CallRow | undefined>(evolve, known.get(key))!);
    const written = await writeRows(tx, rows, known);
    // Another copy was faster with a call that had no row: now it has one, to go on from.
    open = new Map([...open].filter(([key]) => !written.has(key)));
  }
}

export function byCall(events: readonly CallEvent[]): Map<string, CallEvent[]> {
  const calls = new Map<string, CallEvent[]>();
  for (const event of events) {
    const key = rowKey(event.data.call_id.toLowerCase(), event.data.organization_id?.toLowerCase() ?? null);
    const ofCall = calls.get(key);
    if (ofCall === undefined) calls.set(key, [event]);
    else ofCall.push(event);
  }
  return calls;
}

export const callsOf = (groups: Iterable<readonly CallEvent[]>): string[] =>
  [...groups].map((events) => events[0]!.data.call_id);

interface StoredRow {
  call_id: string;
  organization_id: string | null;
  summary: string;
  told_by: string;
}

/** By `rowKey`. In the order of the ids, so that two copies wait for each other instead of deadlocking. */
export async function lockRows(tx: EntityManager, callIds: readonly string[]): Promise<Map<string, CallRow>> {
  const rows: StoredRow[] = await tx.query(
    'SELECT call_id, organization_id, summary, told_by FROM call_log WHERE call_id = ANY($1::uuid[]) ORDER BY ' +
      'call_id FOR UPDATE',
    [callIds],
  );
  return new Map(
    rows.map(({ call_id, organization_id, summary, told_by }) => [
      rowKey(call_id, organization_id),
      { organization_id, summary: JSON.parse(summary) as CallRow['summary'], told_by: readToldBy(told_by) },
    ]),
  );
}

/**
 * Replaces the rows that are locked and inserts the others. Returns the keys of the rows that it wrote: a row that
 * another transaction has inserted since is not among them.
 */
export async function writeRows(
  tx: EntityManager,
  rows: readonly CallRow[],
  locked: ReadonlyMap<string, CallRow>,
): Promise<Set<string>> {
  const before = rows.flatMap((row) => locked.get(keyOf(row)) ?? []);
  await forgetDays(tx, [...rows, ...before].map(begun));
  const sorted = [...rows].sort((a, b) => (a.summary.call_id < b.summary.call_id ? -1 : 1));
  const written = [
    ...(await upsert(
      tx,
      sorted.filter((row) => locked.has(keyOf(row))),
      REPLACE,
    )),
    ...(await upsert(
      tx,
      sorted.filter((row) => !locked.has(keyOf(row))),
      'DO NOTHING',
    )),
  ];
  return new Set(written.map(({ call_id, organization_id }) => rowKey(call_id, organization_id)));
}

const keyOf = ({ summary, organization_id }: CallRow) =>
  rowKey(summary.call_id.toLowerCase(), organization_id?.toLowerCase() ?? null);

/** What `forgetDays` has to know of a row. */
export const begun = ({ organization_id, summary }: CallRow) => ({
  organization_id,
  started_at: storableTime(summary.started_at),
});

const COLUMNS = {
  call_id: 'uuid',
  organization_id: 'uuid',
  started_at: 'timestamptz',
  status: 'text',
  direction: 'text',
  customer_phone: 'text',
  assistant_id: 'bigint',
  flow_id: 'bigint',
  trunk_id: 'uuid',
  number_id: 'uuid',
  duration_ms: 'bigint',
  summary: 'text',
  told_by: 'text',
} as const;
type Columns = Record<keyof typeof COLUMNS, unknown>;
const NAMES = Object.keys(COLUMNS) as (keyof Columns)[];
/**
 * Within an array each quotation mark of a JSON text is escaped and read again, which costs as much as writing it.
 * JSON holds no control character, so one separates them.
 */
export const SEPARATOR = '\u001e';
const parameterOf = (name: keyof Columns, index: number) =>
  name === 'summary' ? `string_to_array($${index + 1}, '${SEPARATOR}')` : `$${index + 1}::${COLUMNS[name]}[]`;
const REPLACE = `DO UPDATE SET ${NAMES.map((name) => `${name} = excluded.${name}`).join(', ')}`;
const INSERT = `INSERT INTO call_log (${NAMES.join(', ')}) SELECT * FROM unnest(${NAMES.map(parameterOf).join(', ')})
  ON CONFLICT (call_id, (coalesce(organization_id, '00000000-0000-0000-0000-000000000000')))`;

async function upsert(
  tx: EntityManager,
  rows: readonly CallRow[],
  conflict: string,
): Promise<Pick<StoredRow, 'call_id' | 'organization_id'>[]> {
  if (rows.length === 0) return [];
  const columns = rows.map(columnsOf);
  return tx.query(
    `${INSERT} ${conflict} RETURNING call_id, organization_id`,
    NAMES.map((name) => {
      const values = columns.map((row) => row[name]);
      return name === 'summary' ? values.join(SEPARATOR) : values;
    }),
  );
}

function columnsOf({ organization_id, summary, told_by }: CallRow): Columns {
  const { call_id, status, direction, assistant_id, flow_id, trunk_id, number_id, duration_seconds } = summary;
  return {
    call_id,
    organization_id,
    status,
    direction,
    assistant_id,
    flow_id,
    trunk_id,
    number_id,
    started_at: storableTime(summary.started_at),
    customer_phone: storableText(customerPhone(summary)),
    duration_ms: duration_seconds === null ? null : Math.round(duration_seconds * 1000),
    summary: JSON.stringify(summary),
    told_by: writeToldBy(told_by),
  };
}

/** PostgreSQL has no year 0. An event must not be refused for the sake of the read model. */
export const storableTime = (time: string): string => (time.startsWith('0000') ? `0001${time.slice(4)}` : time);
