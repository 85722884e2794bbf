import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { LedgerEntry, UsageRecordsQuery } from '@trunkmesh/contracts/usage-query.js';
import type { DataSource } from 'typeorm';

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`;
const COLUMNS = `entry_id, kind, corrects, reason, call_id, organization_id, trunk_id, number_id, bridge_id, direction,
  from_number, to_number, country, ${time('started_at')}, ${time('answered_at')}, ${time('ended_at')},
  billable_ms::float8, billable_seconds::float8, hangup_cause, sip_status, estimated, carrier_cost,
  ${time('plan_from')}, currency, rate_micros AS rate_per_minute_micros, charged_seconds::float8, amount_micros,
  ${time('recorded_at')}`;

/** The part of an entry's filters that is a column. */
const EQUAL = ['trunk_id', 'number_id', 'direction', 'country', 'call_id', 'estimated', 'carrier_cost'] as const;

/** Newest first. A length is far below what a double holds exactly; an amount is not, and stays a text. */
export async function findEntries(dataSource: DataSource, query: UsageRecordsQuery): Promise<LedgerEntry[]> {
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
  if (query.after !== undefined) {
    parameters.push(query.after.started_at, query.after.entry_id);
    conditions.push(`(started_at, entry_id) < ($${parameters.length - 1}::timestamptz, $${parameters.length}::bigint)`);
  }
  const rows: Omit<LedgerEntry, 'call_sid'>[] = await dataSource.query(
    `SELECT ${COLUMNS} FROM ledger_entries WHERE ${conditions.join(' AND ')} ORDER BY ledger_entries.started_at DESC,
      entry_id DESC LIMIT ${query.limit}`,
    parameters,
  );
  return rows.map((row) => ({ ...row, call_sid: callSid(row.call_id) }));
}
