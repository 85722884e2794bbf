import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { LedgerEntry, UsageRecordsQuery } from '@trunkmesh/contracts/usage-query.js';
import type { DataSource } from 'typeorm';
import { entriesOf, type EntryFilter } from './entry-filter.js';

const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`;
const COLUMNS = `entry_id, kind, corrects, reason, call_id, organization_id, trunk_id, number_id, bridge_id, direction,
  from_number, to_number, country, ${time('started_at')}, ${time('answered_at')}, ${time('ended_at')},
  billable_ms::float8, billable_seconds::float8, hangup_cause, sip_status, estimated, carrier_cost,
  ${time('plan_from')}, currency, rate_micros AS rate_per_minute_micros, charged_seconds::float8, amount_micros,
  ${time('recorded_at')}`;

/** Newest first. A length is far below what a double holds exactly; an amount is not, and stays a text. */
export async function findEntries(
  dataSource: DataSource,
  query: EntryFilter & Pick<UsageRecordsQuery, 'limit'>,
): Promise<LedgerEntry[]> {
  const { sql, parameters } = entriesOf(query);
  const rows: Omit<LedgerEntry, 'call_sid'>[] = await dataSource.query(
    `SELECT ${COLUMNS} FROM ${sql} LIMIT ${query.limit}`,
    parameters,
  );
  return rows.map((row) => ({ ...row, call_sid: callSid(row.call_id) }));
}
