import type { UsageExportAnswer } from '@trunkmesh/contracts/usage-export.js';
import { ledgerEntry, type LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import type { DataSource } from 'typeorm';
import type { MissingRecords } from '../gaps.pg.js';
import { copyRows } from './copied-rows.pg.js';
import { CsvLines, type Cell } from './csv-lines.js';
import { entriesOf, type EntryFilter } from './entry-filter.js';

/** A line has some 450 bytes, with numbers of the usual length. In one message: about 900 kB. */
const LINES_AT_ONCE = { inMessage: 2_000, inPieces: 4_000 };
/** For as many lines of the usual length in pieces. */
export const PART_BYTES = 2_097_152;
/** Two of them are about what a socket reads at once, 64 kB. */
const PIECE_BYTES = 30_000;
/** The answer's own line has less. */
const HEAD_BYTES = 1_024;

/** The columns that are more than copied; and what they are in the table, where that has another name. */
const KINDS: Partial<Record<keyof LedgerEntry, Cell>> = {
  call_sid: 'call-sid',
  bridge_id: 'text',
  from_number: 'text',
  to_number: 'text',
  started_at: 'time',
  answered_at: 'time',
  ended_at: 'time',
  hangup_cause: 'text',
  plan_from: 'time',
  recorded_at: 'time',
};
const SOURCES: Partial<Record<keyof LedgerEntry, string>> = {
  call_sid: 'call_id',
  estimated: 'estimated::text',
  rate_per_minute_micros: 'rate_micros',
};
const COLUMNS = ledgerEntry.keyof().options;
const CELLS = COLUMNS.map((column) => KINDS[column] ?? 'plain');
const SELECT = `SELECT ${COLUMNS.map((column) => SOURCES[column] ?? column).join(', ')}`;

type Cursor = Extract<UsageExportAnswer, { outcome: 'part' }>['next'];

/** What is said of the whole file. */
export type ExportFacts = Pick<Extract<UsageExportAnswer, { outcome: 'part' }>, 'complete_from'> &
  Partial<MissingRecords>;

export interface ExportPart extends ExportFacts {
  /** Room for the lines; there are no more in a part. */
  memory: Uint8Array;
  /** Of what is sent at once. */
  maxBytes: number;
  /** Gets the lines as they are made; undefined: they are after the answer's line. */
  sendPiece?: ((lines: Uint8Array) => unknown) | undefined;
}

/**
 * The next part of a CSV file (RFC 4180, CRLF), after the answer's line. PostgreSQL copies the rows and the lines are
 * made here: as SQL, times and quotes alone take longer than the COPY.
 */
export async function exportPart(
  dataSource: DataSource,
  query: EntryFilter,
  { memory, maxBytes, sendPiece, ...facts }: ExportPart,
): Promise<Uint8Array> {
  const { sql, parameters } = entriesOf(query);
  const most = sendPiece === undefined ? LINES_AT_ONCE.inMessage : LINES_AT_ONCE.inPieces;
  const lines = new CsvLines(CELLS, memory, { first: HEAD_BYTES, maxPieceBytes: maxBytes - HEAD_BYTES });
  let [count, isFull, pieces] = [0, false, 0];
  const send = (atLeast: number) => {
    const piece = sendPiece === undefined ? undefined : lines.piece(atLeast);
    if (piece === undefined) return;
    sendPiece!(piece);
    pieces += 1;
  };
  await copyRows(dataSource, { sql: `${SELECT} FROM ${sql} LIMIT ${most}`, parameters }, (row) => {
    isFull ||= !lines.add(row);
    if (isFull) return;
    count += 1;
    send(PIECE_BYTES);
  });
  send(1);
  const next = isFull || count === most ? cursorOf(lines) : null;
  // Smaller parts are for unusually long lines: where those end is not known beforehand.
  const ahead = next === null || isFull ? null : await endOfPart(dataSource, { ...query, after: next }, most);
  return lines.linesAfter(Buffer.from(`${JSON.stringify({ outcome: 'part', next, ahead, pieces, ...facts })}\n`));
}

const cursorOf = (lines: CsvLines): Cursor => ({
  started_at: lines.lastCell(COLUMNS.indexOf('started_at')),
  entry_id: lines.lastCell(COLUMNS.indexOf('entry_id')),
});

/** The last entry of the part that begins at `query.after`; null: it is the last part, or too short to tell. */
async function endOfPart(dataSource: DataSource, query: EntryFilter, lines: number): Promise<Cursor> {
  const { sql, parameters } = entriesOf(query);
  // Made readable outside, so that only the one row is.
  const [last] = (await dataSource.query(
    `SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS started_at, entry_id::text
    FROM (SELECT started_at, entry_id FROM ${sql} OFFSET ${lines - 1} LIMIT 1) AS last`,
    parameters,
  )) as NonNullable<Cursor>[];
  return last ?? null;
}
