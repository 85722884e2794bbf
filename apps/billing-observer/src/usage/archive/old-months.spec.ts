import { describe, expect, it } from '@jest/globals';
import { boundsOf, fileOf, oldMonths } from './old-months.js';

describe('old months', () => {
  const partitions = ['ledger_entries_2026_08', 'ledger_entries_other', 'ledger_entries_2025_12', 'other_2020_01'];
  it.each([
    [2, ['2025-12', '2026-08']],
    [3, ['2025-12']],
    [11, []],
  ])('that end %s months before this one', (keepMonths, expected) => {
    expect(oldMonths(partitions, keepMonths, new Date('2026-11-01T00:00:00.000Z'))).toEqual(expected);
  });
  it('have bounds in UTC, and a file a part', () => {
    expect(boundsOf('2025-12')).toEqual({ begins: '2025-12-01T00:00:00.000Z', ends: '2026-01-01T00:00:00.000Z' });
    expect([fileOf('2025-12', 1), fileOf('2025-12', 2)]).toEqual(['usage-2025-12.csv.gz', 'usage-2025-12.2.csv.gz']);
  });
});
