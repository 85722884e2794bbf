import { answered, type Schemas } from '../api/api.http.js';
import { table } from '../output/table.js';
import { command, group } from './command.js';

type Group = Schemas['UsageSummaryGroup'];
type Entry = Schemas['LedgerEntry'];

const PERIOD = {
  from: { type: 'string', describe: 'The first day, 2026-11-01' },
  to: { type: 'string', describe: 'The last day' },
} as const;

const summary = command(
  'summary',
  'Sum up calls, minutes and amounts',
  {
    by: {
      choices: ['day', 'month', 'trunk', 'number', 'direction', 'country'] as const,
      default: 'day' as const,
      describe: 'One line for each',
    },
    ...PERIOD,
  },
  (context, { by, from, to }) =>
    context.show(async () => {
      const query = { by, ...(from && { from }), ...(to && { to }) };
      const found = await answered((await context.api()).GET('/api/v1/usage/summary', { params: { query } }));
      const columns = {
        [by]: (row: Group) => row.key,
        calls: (row: Group) => row.calls,
        answered: (row: Group) => row.answered_calls,
        minutes: (row: Group) => (row.billable_seconds / 60).toFixed(1),
        amount: (row: Group) => amount(row.amount_micros, row.currency),
      };
      return { json: found, text: table(found.groups, columns, 'No calls in these days.') };
    }),
);

const records = command(
  'records',
  'List the entries of the ledger',
  { limit: { type: 'number', default: 100, describe: 'How many to show at most' }, ...PERIOD },
  (context, { limit, from, to }) =>
    context.show(async () => {
      const query = { limit, ...(from && { date_from: from }), ...(to && { date_to: to }) };
      const found = await answered((await context.api()).GET('/api/v1/usage/records', { params: { query } }));
      const columns = {
        started: (entry: Entry) => entry.started_at,
        kind: (entry: Entry) => entry.kind,
        direction: (entry: Entry) => entry.direction,
        from: (entry: Entry) => entry.from_number,
        to: (entry: Entry) => entry.to_number,
        seconds: (entry: Entry) => entry.billable_seconds,
        amount: (entry: Entry) => amount(entry.amount_micros, entry.currency),
        'carrier cost': (entry: Entry) => entry.carrier_cost,
      };
      return { json: found, text: table(found.items, columns, 'No entries.') };
    }),
);

const MICROS = 6;

/** Integer micro-units as a decimal amount, without a floating-point number. */
export function amount(micros: string, currency: string | null): string {
  const negative = micros.startsWith('-');
  const digits = micros.replace('-', '').padStart(MICROS + 1, '0');
  const fraction = digits.slice(-MICROS).replace(/0{1,4}$/, '');
  return `${negative ? '-' : ''}${digits.slice(0, -MICROS)}.${fraction}${currency === null ? '' : ` ${currency}`}`;
}

export const usage = group('usage', 'What calls cost', [summary, records]);
