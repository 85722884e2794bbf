const PARTITION = /^ledger_entries_(\d{4})_(\d{2})$/;

/** The partition of a month (`2026-11`). */
export const partitionOf = (month: string): string => `ledger_entries_${month.replace('-', '_')}`;

/**
 * The months among these partitions that end at least `keepMonths` months before the current one began, the oldest
 * first. All in UTC, as the partitions are.
 */
export function oldMonths(partitions: readonly string[], keepMonths: number, now: Date): string[] {
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - keepMonths, 1)).toISOString().slice(0, 7);
  return partitions
    .flatMap((name) => {
      const [, year, month] = PARTITION.exec(name) ?? [];
      return year === undefined || month === undefined ? [] : [`${year}-${month}`];
    })
    .filter((month) => month < first)
    .sort();
}

/** The first moment of a month in UTC, and of the next one. */
export function boundsOf(month: string): { begins: string; ends: string } {
  const begins = new Date(`${month}-01T00:00:00.000Z`);
  const ends = new Date(Date.UTC(begins.getUTCFullYear(), begins.getUTCMonth() + 1, 1));
  return { begins: begins.toISOString(), ends: ends.toISOString() };
}

/** Part 1 is the month; further ones are of entries that were written for it later. */
export const fileOf = (month: string, part: number): string => `usage-${month}${part === 1 ? '' : `.${part}`}.csv.gz`;
