import type { UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import { csvCell } from '../http/csv-cell.js';

const COLUMNS = [
  'section',
  'statement_month',
  'statement_number',
  'time_zone',
  'key',
  'name',
  'month',
  'reason',
  'carrier_cost',
  'currency',
  'rate_per_minute_micros',
  'calls',
  'answered_calls',
  'estimated_calls',
  'billable_seconds',
  'charged_seconds',
  'amount_micros',
  'entry_id',
  'kind',
  'corrects',
  'call_id',
  'started_at',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string | number | null>>;

/** RFC 4180, with CRLF. Each row belongs to a section; the rows of `total-…` are the statement's totals. */
export function statementCsv(statement: UsageStatement, trunkNames: ReadonlyMap<string, string>): string {
  const { month: statement_month, number: statement_number, time_zone } = statement;
  const head = { statement_month, statement_number, time_zone };
  return [
    COLUMNS.join(','),
    ...rowsOf(statement, trunkNames).map((row) => {
      const full: Row = { ...head, ...row };
      return COLUMNS.map((column) => csvCell(full[column] ?? null)).join(',');
    }),
    '',
  ].join('\r\n');
}

function rowsOf(statement: UsageStatement, trunkNames: ReadonlyMap<string, string>): Row[] {
  return [
    ...statement.lines.map(({ by, ...line }) => ({
      section: by,
      ...line,
      name: by === 'trunk' ? (trunkNames.get(line.key ?? '') ?? null) : null,
    })),
    ...statement.rates.map((rate) => ({ section: 'rate', ...rate })),
    ...statement.adjustments.map((adjustment) => ({ section: 'adjustment', ...adjustment })),
    ...statement.adjusted_entries.map((entry) => ({ section: 'adjusted-entry', ...entry })),
    ...statement.free_minutes.map(({ month, currency, seconds, amount_micros }) => ({
      section: 'free-minutes',
      month,
      currency,
      charged_seconds: -seconds,
      amount_micros: String(-BigInt(amount_micros)),
    })),
    ...statement.totals.flatMap(({ carrier_cost, currency, calls, charged_seconds, ...amounts }) => [
      { section: 'total-usage', carrier_cost, currency, calls, charged_seconds, amount_micros: amounts.usage_micros },
      { section: 'total-adjustments', carrier_cost, currency, amount_micros: amounts.adjustment_micros },
      {
        section: 'total-free-minutes',
        carrier_cost,
        currency,
        amount_micros: String(-BigInt(amounts.free_micros)),
      },
      { section: 'total', carrier_cost, currency, amount_micros: amounts.total_micros },
    ]),
  ];
}
