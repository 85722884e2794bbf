import { describe, expect, it } from '@jest/globals';
import type { LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import { CSV_COLUMNS, csvHead, csvLines } from './usage-csv.js';

const line = (over: Partial<LedgerEntry>) => {
  const entry = Object.fromEntries(CSV_COLUMNS.map((column) => [column, null])) as unknown as LedgerEntry;
  return csvLines([{ ...entry, ...over }]).replace(/^,+|,*\r\n$/g, '');
};

describe('an entry as CSV', () => {
  it('has every column of the API', () => {
    expect(csvHead.trimEnd().split(',')).toEqual(expect.arrayContaining(['entry_id', 'carrier_cost', 'amount_micros']));
    expect(csvLines([]).length).toBe(0);
  });
  it.each<[Partial<LedgerEntry>, string]>([
    [{ from_number: '+15551234567' }, '+15551234567'],
    [{ amount_micros: '-12500' }, '-12500'],
    [{ billable_ms: -4020 }, '-4020'],
    [{ estimated: false }, 'false'],
    [{ from_number: '=HYPERLINK("http://example.com")' }, '"\'=HYPERLINK(""http://example.com"")"'],
    [{ from_number: '+1+cmd' }, "'+1+cmd"],
    [{ from_number: '@SUM(A1)' }, "'@SUM(A1)"],
    [{ from_number: 'a, b' }, '"a, b"'],
    [{ from_number: 'two\nlines' }, '"two\nlines"'],
  ])('%j is %s', (over, text) => expect(line(over)).toBe(text));
});
