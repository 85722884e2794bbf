import type { UsageRecordsQuery } from '@trunkmesh/contracts/usage-query.js';
import type { StatementEntries } from './statement-entries.pg.js';

/** The part of an entry's filters that is a column. */
const EQUAL = ['trunk_id', 'number_id', 'direction', 'country', 'call_id', 'estimated', 'carrier_cost'] as const;

/** `of`: the entries of a closed statement; null: of one that there is not. */
export type EntryFilter = Omit<UsageRecordsQuery, 'limit'> & { of?: StatementEntries | null | undefined };

/** The entries that a query asks for, as what follows FROM: newest first, from its cursor on. */
export function entriesOf(query: EntryFilter): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [query.organization_id];
  const conditions = ['organization_id = $1'];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  add((parameter) => `started_at >= ${parameter}::timestamptz`, query.date_from);
  // `date_to` has milliseconds, the entries microseconds.
  add((parameter) => `started_at < ${parameter}::timestamptz + interval '1 ms'`, query.date_to);
  for (const name of EQUAL) add((parameter) => `${name} = ${parameter}`, query[name]);
  if (query.of === null) conditions.push('false');
  if (query.of) {
    const { begins, ends, through_entry, after_entry } = query.of;
    const [from, until, last, before] = [begins, ends, through_entry, after_entry].map(
      (value) => `$${parameters.push(value)}`,
    );
    conditions.push(`started_at < ${until}::timestamptz`, `entry_id <= ${last}::bigint`);
    conditions.push(`(started_at >= ${from}::timestamptz OR entry_id > ${before}::bigint)`);
  }
  if (query.after !== undefined) {
    parameters.push(query.after.started_at, query.after.entry_id);
    conditions.push(`(started_at, entry_id) < ($${parameters.length - 1}::timestamptz, $${parameters.length}::bigint)`);
  }
  const sql = `ledger_entries WHERE ${conditions.join(' AND ')} ORDER BY ledger_entries.started_at DESC, entry_id DESC`;
  return { sql, parameters };
}
