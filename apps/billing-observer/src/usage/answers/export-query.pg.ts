import { ledgerEntry, type LedgerEntry, type UsageExportAnswer } from '@trunkmesh/contracts/usage-query.js';
import type { DataSource } from 'typeorm';
import type { MissingRecords } from '../gaps.pg.js';
import { entriesOf, type EntryFilter } from './entry-filter.js';

/** About 900 kB, with numbers of the usual length: a line has some 450 bytes. */
const LINES_AT_ONCE = 2_000;

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const PLAIN = String.raw`'^\+?[0-9]+$|^[A-Za-z0-9][A-Za-z0-9_.:-]*$'`;
/** What a spreadsheet would take for a formula. Signed integers and numbers in E.164 are none. */
const formula = (column: string) => String.raw`(${column} ~ '^[=@\t\r]|^[+-]' AND ${column} !~ '^[+-][0-9]+$')`;
const quoted = (value: string) =>
  String.raw`CASE WHEN ${value} ~ '[",\r\n]' THEN '"' || replace(${value}, '"', '""') || '"' ELSE ${value} END`;
/** A caller chooses its number: an apostrophe makes a formula a text. Nearly all texts are plain. */
const text = (column: string) =>
  `CASE WHEN ${column} ~ ${PLAIN} THEN ${column} ELSE ${quoted(
    `(CASE WHEN ${formula(column)} THEN '''' ELSE '' END || ${column})`,
  )} END`;
const plain = (column: string) => column;

/** Each column of the file, in SQL. */
const CELLS: Record<keyof LedgerEntry, string> = {
  entry_id: plain('entry_id'),
  kind: plain('kind'),
  corrects: plain('corrects'),
  reason: plain('reason'),
  call_sid: `'CA', replace(call_id::text, '-', '')`,
  call_id: plain('call_id'),
  organization_id: plain('organization_id'),
  trunk_id: plain('trunk_id'),
  number_id: plain('number_id'),
  bridge_id: text('bridge_id'),
  direction: plain('direction'),
  from_number: text('from_number'),
  to_number: text('to_number'),
  country: plain('country'),
  started_at: time('started_at'),
  answered_at: time('answered_at'),
  ended_at: time('ended_at'),
  billable_ms: plain('billable_ms'),
  billable_seconds: plain('billable_seconds'),
  hangup_cause: text('hangup_cause'),
  sip_status: plain('sip_status'),
  estimated: 'estimated::text',
  carrier_cost: plain('carrier_cost'),
  plan_from: time('plan_from'),
  currency: plain('currency'),
  rate_per_minute_micros: plain('rate_micros'),
  charged_seconds: plain('charged_seconds'),
  amount_micros: plain('amount_micros'),
  recorded_at: time('recorded_at'),
};
const LINE = `concat(${ledgerEntry
  .keyof()
  .options.map((column) => CELLS[column])
  .join(", ',', ")}, E'\\r\\n')`;

type Cursor = Extract<UsageExportAnswer, { outcome: 'part' }>['next'];

interface Row {
  lines: string | null;
  count: number;
  next: Cursor;
}

/** What is said of the whole file. */
export type ExportFacts = Pick<Extract<UsageExportAnswer, { outcome: 'part' }>, 'complete_from'> &
  Partial<MissingRecords>;

/**
 * The next part of a CSV file (RFC 4180, CRLF), after the answer's line. The database makes the lines: nobody else
 * looks at the entries one by one.
 */
export async function exportPart(
  dataSource: DataSource,
  query: EntryFilter,
  { maxBytes, ...facts }: ExportFacts & { maxBytes: number },
): Promise<Uint8Array> {
  const { sql, parameters } = entriesOf(query);
  for (let limit = LINES_AT_ONCE; ; limit = Math.max(1, Math.floor(limit / 4))) {
    const [row] = (await dataSource.query(
      `SELECT string_agg(line, '') AS lines, count(*)::int AS count, jsonb_build_object(
          'started_at', ${time('(array_agg(started_at))[count(*)]')},
          'entry_id', ((array_agg(entry_id))[count(*)])::text) AS next
      FROM (SELECT ${LINE} AS line, started_at, entry_id FROM ${sql} LIMIT ${limit}) AS part`,
      parameters,
    )) as [Row];
    const next = row.count < limit ? null : row.next;
    // Smaller parts are for unusually long lines: where those end is not known beforehand.
    const ahead =
      next === null || limit < LINES_AT_ONCE ? null : await endOfPart(dataSource, { ...query, after: next });
    const bytes = Buffer.from(`${JSON.stringify({ outcome: 'part', next, ahead, ...facts })}\n${row.lines ?? ''}`);
    if (bytes.byteLength <= maxBytes || limit === 1) return bytes;
  }
}

/** The last entry of the part that begins at `query.after`; null: it is the last part, or too short to tell. */
async function endOfPart(dataSource: DataSource, query: EntryFilter): Promise<Cursor> {
  const { sql, parameters } = entriesOf(query);
  const [last] = (await dataSource.query(
    `SELECT ${time('started_at')} AS started_at, entry_id::text FROM ${sql} OFFSET ${LINES_AT_ONCE - 1} LIMIT 1`,
    parameters,
  )) as NonNullable<Cursor>[];
  return last ?? null;
}
