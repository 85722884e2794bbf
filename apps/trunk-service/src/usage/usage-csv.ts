import { ledgerEntry, type LedgerEntry } from '@trunkmesh/contracts/usage-query.js';

export const CSV_COLUMNS: readonly (keyof LedgerEntry)[] = ledgerEntry.keyof().options;

/** RFC 4180, with CRLF. */
export const csvHead = `${CSV_COLUMNS.join(',')}\r\n`;

export const csvLines = (entries: readonly LedgerEntry[]): string =>
  entries.map((entry) => `${CSV_COLUMNS.map((column) => cell(entry[column])).join(',')}\r\n`).join('');

/** What a spreadsheet would take for a formula. Signed integers and numbers in E.164 are none. */
const FORMULA = /^[=@\t\r]|^[+-](?!\d+$)/;

function cell(value: LedgerEntry[keyof LedgerEntry]): string {
  if (value === null) return '';
  const text = String(value);
  // A caller chooses its number: an apostrophe makes a formula a text.
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
