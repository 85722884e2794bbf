import { ledgerEntry, type LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import { csvCell } from '../http/csv-cell.js';

export const CSV_COLUMNS: readonly (keyof LedgerEntry)[] = ledgerEntry.keyof().options;

/** RFC 4180, with CRLF. */
export const csvHead = `${CSV_COLUMNS.join(',')}\r\n`;

export const csvLines = (entries: readonly LedgerEntry[]): string =>
  entries.map((entry) => `${CSV_COLUMNS.map((column) => csvCell(entry[column])).join(',')}\r\n`).join('');
