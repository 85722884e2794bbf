import { z } from 'zod';
import { callCarrier } from './call-parts.js';
import { preciseTimestamp, timestamp, uuid } from './scalar.js';
import { gapAccepted, incomplete, usageFailure, usageMicros } from './usage-query.js';

export const statementMonth = z
  .string()
  .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month, for example "2026-11"')
  .describe("The month, in the organisation's time zone: `2026-11`.");

const currency = z.string().nullable().describe('ISO 4217; null: calls that no rate plan counts for.');
const carrier_cost = callCarrier.describe('`external`: the carrier bills the organisation directly; or `managed`.');
const sums = {
  carrier_cost,
  currency,
  calls: z.number().int().describe('Calls.'),
  answered_calls: z.number().int().describe('Calls that were answered.'),
  estimated_calls: z.number().int().describe('Calls whose end is an estimate.'),
  billable_seconds: z.number().int().describe('From answer to end, each call rounded up to whole seconds.'),
  charged_seconds: z.number().int().describe('The seconds that are charged, by the increments of the rates.'),
  amount_micros: usageMicros,
};

export const statementLine = z
  .object({
    by: z.enum(['trunk', 'country', 'direction']).describe('What is summed up together.'),
    key: z
      .string()
      .nullable()
      .describe('The trunk by its id, the country or the direction; `others`: further trunks; null: not known.'),
    ...sums,
  })
  .meta({ id: 'UsageStatementLine' });
export type StatementLine = z.infer<typeof statementLine>;

const rate = z
  .object({
    month: statementMonth,
    currency: z.string().describe('ISO 4217.'),
    rate_per_minute_micros: usageMicros,
    charged_seconds: z.number().int().describe('The seconds that were charged at this rate.'),
    amount_micros: usageMicros,
  })
  .meta({ id: 'UsageStatementRate' });
export type StatementRate = z.infer<typeof rate>;

const free = z
  .object({
    month: statementMonth,
    currency: z.string().describe('ISO 4217.'),
    seconds: z.number().int().describe('Charged seconds that are free.'),
    amount_micros: usageMicros,
  })
  .meta({ id: 'UsageStatementFreeMinutes' });
export type StatementFree = z.infer<typeof free>;

const reason = z
  .enum(['late-call', 'known-better', 'rate-plan-changed'])
  .describe('`late-call`: a call that was recorded after its month was closed; otherwise why entries were corrected.');
export const statementAdjustment = z
  .object({ month: statementMonth.describe('The earlier month that it belongs to.'), reason, ...sums })
  .meta({ id: 'UsageStatementAdjustment' });
export type StatementAdjustment = z.infer<typeof statementAdjustment>;

export const adjustedEntry = z
  .object({
    entry_id: z.string().describe('The entry of the ledger.'),
    kind: z.enum(['call', 'reversal', 'correction']).describe('As in the ledger.'),
    corrects: z.string().nullable().describe('The entry that it corrects; null: it corrects none.'),
    reason,
    call_id: uuid.describe('The call.'),
    started_at: preciseTimestamp.describe('When the call began.'),
    carrier_cost,
    currency,
    charged_seconds: z.number().int().describe('The seconds that are charged.'),
    amount_micros: usageMicros,
  })
  .meta({ id: 'UsageStatementEntry' });
export type AdjustedEntry = z.infer<typeof adjustedEntry>;

export const statementTotal = z
  .object({
    carrier_cost,
    currency,
    calls: z.number().int().describe('Calls of the month.'),
    charged_seconds: z.number().int().describe('Charged seconds of the month.'),
    usage_micros: usageMicros.describe('The amount of the calls of the month, in micro-units.'),
    adjustment_micros: usageMicros.describe('The corrections of earlier months, in micro-units.'),
    free_micros: usageMicros.describe('What free minutes take off, in micro-units.'),
    total_micros: usageMicros.describe('Usage and corrections less free minutes, in micro-units.'),
  })
  .meta({ id: 'UsageStatementTotal' });
export type StatementTotal = z.infer<typeof statementTotal>;

const head = {
  month: statementMonth,
  state: z
    .enum(['open', 'closed'])
    .describe('`closed`: the figures never change; what comes later is in the next statement.'),
  number: z.string().nullable().describe("The statement's number; null while the month is open."),
  time_zone: z.string().describe('Whose month it is, an IANA name.'),
  begins: timestamp.describe('When the month begins.'),
  ends: timestamp.describe('When the month ends.'),
  closes_at: timestamp.describe('From when on the month is closed.'),
  closed_at: timestamp.nullable().describe('When the month was closed; null while it is open.'),
  incomplete: incomplete
    .default(false)
    .describe(`${incomplete.description} A closed statement says so as of its closing; what comes is in the next one.`),
  gap_accepted: gapAccepted
    .default(false)
    .describe(`${gapAccepted.description} A closed statement says so as of its closing.`),
  totals: z.array(statementTotal).describe('Amounts of different currencies are never added.'),
};
export const statementHead = z.object(head).meta({ id: 'UsageStatementHead' });
export type StatementHead = z.infer<typeof statementHead>;

export const usageStatement = z
  .object({
    ...head,
    lines: z.array(statementLine).describe('The calls of the month by trunk, by country and by direction.'),
    rates: z.array(rate).describe('What was charged at each rate: of the month, and of earlier ones by corrections.'),
    free_minutes: z.array(free).describe('Free minutes of the month, and what corrections change of earlier months.'),
    adjustments: z.array(statementAdjustment).describe('Corrections of earlier months and calls that came late.'),
    adjusted_entries: z.array(adjustedEntry).describe('The entries of the adjustments, at most the first 500.'),
    adjusted_entries_total: z.number().int().describe('How many entries the adjustments have.'),
  })
  .meta({ id: 'UsageStatement' });
export type UsageStatement = z.infer<typeof usageStatement>;

/** Request `trunkmesh.rpc.usage.statements`. The latest month first. */
export const usageStatementsQuery = z.object({ organization_id: uuid.describe('The organisation.') });
export type UsageStatementsQuery = z.infer<typeof usageStatementsQuery>;
export const usageStatementsAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('statements').describe('What became of the request.'),
    statements: z.array(statementHead).describe('The months.'),
  }),
  usageFailure,
]);

/** Request `trunkmesh.rpc.usage.statement`. `no-statement`: the organisation has none for this month. */
export const usageStatementQuery = usageStatementsQuery.extend({ month: statementMonth });
export type UsageStatementQuery = z.infer<typeof usageStatementQuery>;
export const usageStatementAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('statement').describe('What became of the request.'),
    statement: usageStatement.describe('The statement.'),
  }),
  z.object({ outcome: z.literal('no-statement').describe('What became of the request.') }),
  usageFailure,
]);
