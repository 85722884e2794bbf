import type { LedgerEntry } from '@trunkmesh/contracts/usage-query.js';

/** The JSON around the entries, with room for the cursor. */
const AROUND = 300;

interface Answered {
  records: readonly LedgerEntry[];
  limit: number;
  complete_from: string | null;
  incomplete: boolean;
  gap_accepted: boolean;
}

/**
 * A page of entries, as many as fit into `maxBytes`: callers choose how long the numbers in them are. `next` is where
 * the others are.
 */
export function recordsAnswer(
  { records, limit, ...rest }: Answered,
  { maxBytes, bytesOf }: { maxBytes: number; bytesOf: (text: string) => number },
): string {
  const texts: string[] = [];
  let bytes = AROUND;
  for (const record of records) {
    const text = JSON.stringify(record);
    bytes += bytesOf(text) + 1;
    if (bytes > maxBytes) break;
    texts.push(text);
  }
  const last = texts.length < records.length || records.length === limit ? records[texts.length - 1] : undefined;
  const next = last === undefined ? null : { started_at: last.started_at, entry_id: last.entry_id };
  const others = JSON.stringify({ next, ...rest }).slice(1);
  return `{"outcome":"records","records":[${texts.join(',')}],${others}`;
}
