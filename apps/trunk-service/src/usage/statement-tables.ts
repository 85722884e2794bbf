import { WORLD } from '@trunkmesh/contracts/scalar.js';
import type { UsageStatement } from '@trunkmesh/contracts/usage-statement.js';
import { localTime, minutesOf, REASONS, unitsOf } from './statement-text.js';

/** A table of the document. */
export interface Table {
  title: string;
  note?: string;
  columns: readonly { title: string; share: number; right?: boolean }[];
  rows: readonly (readonly string[])[];
}

const MEASURES = [
  { title: 'Calls', share: 1, right: true },
  { title: 'Answered', share: 1.1, right: true },
  { title: 'Estimated', share: 1.1, right: true },
  { title: 'Charged min:s', share: 1.5, right: true },
  { title: 'Amount', share: 2.2, right: true },
];
const CARRIER = { title: 'Carrier cost', share: 1.2 };
type Sum = Pick<
  UsageStatement['lines'][number],
  'calls' | 'answered_calls' | 'estimated_calls' | 'charged_seconds' | 'amount_micros' | 'currency'
>;
const money = (micros: string, currency: string | null) =>
  currency === null ? '-' : `${unitsOf(micros, currency)} ${currency}`;
const measures = ({ calls, answered_calls, estimated_calls, charged_seconds, amount_micros, currency }: Sum) => [
  ...[calls, answered_calls, estimated_calls].map(String),
  minutesOf(charged_seconds),
  money(amount_micros, currency),
];

/** What the document shows, in this order. */
export function statementTables(statement: UsageStatement, trunkNames: ReadonlyMap<string, string>): Table[] {
  const nameOf = (key: string | null) => {
    if (key === null) return 'not known';
    return key === WORLD ? '001, no country' : (trunkNames.get(key) ?? key);
  };
  return [totals(statement), ...lines(statement, nameOf), rates(statement), ...corrections(statement)].filter(
    ({ rows }) => rows.length > 0,
  );
}

const totals = ({ totals: rows }: UsageStatement): Table => ({
  title: 'Totals',
  columns: [
    CARRIER,
    { title: 'Usage', share: 2, right: true },
    { title: 'Corrections', share: 2, right: true },
    { title: 'Free minutes', share: 2, right: true },
    { title: 'Total', share: 2, right: true },
  ],
  rows: rows.map(({ carrier_cost, currency, usage_micros, adjustment_micros, free_micros, total_micros }) => [
    carrier_cost,
    money(usage_micros, currency),
    money(adjustment_micros, currency),
    money(String(-BigInt(free_micros)), currency),
    money(total_micros, currency),
  ]),
});

const lines = (statement: UsageStatement, nameOf: (key: string | null) => string): Table[] =>
  (['trunk', 'country', 'direction'] as const).map((by) => ({
    title: `Calls by ${by}`,
    columns: [{ title: by[0]!.toUpperCase() + by.slice(1), share: 3 }, CARRIER, ...MEASURES],
    rows: statement.lines
      .filter((line) => line.by === by)
      .map((line) => [nameOf(line.key), line.carrier_cost, ...measures(line)]),
  }));

const rates = (statement: UsageStatement): Table => ({
  title: 'Rates',
  note: 'Each call is charged by its increments and rounded half up to the millionth of the currency, once.',
  columns: [
    { title: 'Month', share: 1 },
    { title: 'Rate a minute', share: 2, right: true },
    { title: 'Charged min:s', share: 1.5, right: true },
    { title: 'Amount', share: 2, right: true },
  ],
  rows: statement.rates.map(({ month, currency, rate_per_minute_micros, charged_seconds, amount_micros }) => [
    month,
    money(rate_per_minute_micros, currency),
    minutesOf(charged_seconds),
    money(amount_micros, currency),
  ]),
});

const corrections = (statement: UsageStatement): Table[] => [
  {
    title: 'Corrections of earlier months',
    columns: [{ title: 'Month', share: 1 }, { title: 'Reason', share: 3.4 }, CARRIER, ...MEASURES],
    rows: statement.adjustments.map((sum) => [sum.month, REASONS[sum.reason], sum.carrier_cost, ...measures(sum)]),
  },
  {
    title: 'Corrected entries',
    note:
      `${statement.adjusted_entries.length} of ${statement.adjusted_entries_total} entries of the ledger. ` +
      `Times are those of ${statement.time_zone}.`,
    columns: [
      { title: 'Entry', share: 1.2 },
      { title: 'Corrects', share: 1.2 },
      { title: 'Kind', share: 1.2 },
      { title: 'Call', share: 4 },
      { title: 'Began', share: 2.6 },
      { title: 'Amount', share: 2.2, right: true },
    ],
    rows: statement.adjusted_entries.map((entry) => [
      entry.entry_id,
      entry.corrects ?? '-',
      entry.kind,
      entry.call_id,
      localTime(entry.started_at, statement.time_zone),
      money(entry.amount_micros, entry.currency),
    ]),
  },
  {
    title: 'Free minutes',
    columns: [
      { title: 'Month', share: 1 },
      { title: 'Free min:s', share: 1.5, right: true },
      { title: 'Amount', share: 2, right: true },
    ],
    rows: statement.free_minutes.map(({ month, currency, seconds, amount_micros }) => [
      month,
      minutesOf(seconds),
      money(String(-BigInt(amount_micros)), currency),
    ]),
  },
];
