import { z } from 'zod';
import { callCarrier } from './call-parts.js';
import { bridgeId, countryOrWorld, preciseTimestamp, timestamp, uuid } from './scalar.js';

export const usageMicros = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .describe('In micro-units of the currency, as an integer in a string: 1000000 are one.');
const direction = z
  .enum(['inbound', 'outbound'])
  .describe('`inbound`: the other party called. `outbound`: the platform called.');

const CARRIER_COST =
  '`external`: the carrier bills the organisation directly. `managed`: over one of the platform; such a call has ' +
  'sums of its own, and no rate plan charges it.';

/** One entry of the ledger. Entries are never changed. */
export const ledgerEntry = z
  .object({
    entry_id: z.string().describe('The entry. Later ones have higher ids.'),
    kind: z
      .enum(['call', 'reversal', 'correction'])
      .describe(
        '`call`: the first entry of a call. `reversal`: takes an entry back, its lengths and amount are ' +
          'negative. `correction`: what is right instead.',
      ),
    corrects: z.string().nullable().describe('The entry that it corrects; null: it corrects none.'),
    reason: z
      .string()
      .nullable()
      .describe('Why it corrects another, for example `rate-plan-changed`; null: it corrects none.'),
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    call_id: uuid.describe('The call, by its id.'),
    organization_id: uuid.describe('The organisation.'),
    trunk_id: uuid.nullable().describe('The trunk; null where none is known.'),
    number_id: uuid.nullable().describe("The organisation's phone number, by its id; null where none is known."),
    bridge_id: bridgeId.describe('The bridge.'),
    direction,
    from_number: z.string().describe('The calling number, in E.164 where it could be brought to it.'),
    to_number: z.string().describe('The called number, in E.164 where it could be brought to it.'),
    country: countryOrWorld
      .nullable()
      .describe(
        "The other party's country; `001`: a number of no country (satellite, international networks); null where it " +
          'is not known.',
      ),
    started_at: preciseTimestamp.describe('When the call began.'),
    answered_at: preciseTimestamp.nullable().describe('When the call was answered; null where it was not.'),
    ended_at: preciseTimestamp.describe('When the call ended.'),
    billable_ms: z.number().int().describe('From the answer to the end, milliseconds.'),
    billable_seconds: z.number().int().describe('The same in seconds, rounded up.'),
    hangup_cause: z.string().describe("FreeSWITCH's cause of the hang-up, for example NORMAL_CLEARING."),
    sip_status: z.number().int().nullable().describe('The SIP status of the answer; null where there was none.'),
    estimated: z
      .boolean()
      .describe('True: whoever had the call was lost, and it ended at the latest time that is certain.'),
    carrier_cost: callCarrier.describe(CARRIER_COST),
    plan_from: preciseTimestamp.nullable().describe('When the rate plan that counts began; null: there was none.'),
    currency: z.string().nullable().describe('ISO 4217; null: no rate plan counts, and nothing is charged.'),
    rate_per_minute_micros: usageMicros.nullable().describe('What a minute costs, in micro-units; null: no rate plan.'),
    charged_seconds: z.number().int().describe('The seconds that are charged, by the increments of the rate.'),
    amount_micros: usageMicros,
    recorded_at: preciseTimestamp.describe('When the entry was written.'),
  })
  .meta({ id: 'LedgerEntry' });
export type LedgerEntry = z.infer<typeof ledgerEntry>;

/** Request `trunkmesh.rpc.usage.records`. All that is given combines with AND. Newest first. */
export const usageRecordsQuery = z.object({
  organization_id: uuid.describe('The organisation.'),
  limit: z.number().int().min(1).max(1000).default(100).describe('How many to answer at most.'),
  after: z
    .object({
      started_at: preciseTimestamp.describe('When the call of the last entry of the page before began.'),
      entry_id: z
        .string()
        .regex(/^\d{1,18}$/)
        .describe('That entry.'),
    })
    .optional()
    .describe('Where the page begins. Absent: at the newest.'),
  date_from: timestamp.optional().describe('Calls that began at this time or later.'),
  date_to: timestamp.optional().describe('Calls that began at this time or earlier.'),
  trunk_id: uuid.optional().describe('The trunk.'),
  number_id: uuid.optional().describe("The organisation's phone number, by its id."),
  direction: direction.optional(),
  country: countryOrWorld.optional().describe("The other party's country; `001`: numbers of no country."),
  call_id: uuid.optional().describe('The call, by its id.'),
  carrier_cost: callCarrier.optional().describe('Whose carrier it was: `external` or `managed`.'),
  estimated: z.boolean().optional().describe('Whether the end of the call is an estimate.'),
  statement: z
    .string()
    .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month, for example "2026-11"')
    .optional()
    .describe('The entries of the closed statement of this month alone, its adjustments included: `2026-11`.'),
});
export type UsageRecordsQuery = z.infer<typeof usageRecordsQuery>;

export const usageFailure = z.object({
  outcome: z.literal('error').describe('What became of the request.'),
  code: z.enum(['invalid-request', 'unavailable', 'archived']).describe('The reason as a constant, for programs.'),
  message: z.string().describe('What happened and what to do, in a sentence.'),
});
export type UsageFailure = z.infer<typeof usageFailure>;

export const completeFrom = timestamp
  .nullable()
  .describe(
    'Entries of calls that began earlier may be in files that the operator has exported; from this time on all are ' +
      'here. Null: all there ever were are here.',
  );

export const incomplete = z
  .boolean()
  .describe(
    'True: records of calls that may be of this time have not come from a bridge; unless its disk was lost, it is ' +
      'asked for them again. Whose calls they are is not known yet.',
  );

export const gapAccepted = z
  .boolean()
  .describe(
    'True: records of calls that may be of this time are lost for good, and the operator has accepted that with a ' +
      'reason. Whose calls they were is not known.',
  );

/** What is said of a time of which records are missing. Older versions say nothing. */
export const missingRecords = { incomplete: incomplete.default(false), gap_accepted: gapAccepted.default(false) };

/** `records` may be fewer than `limit` where a message would grow too large; `next` null: there are no more. */
export const usageRecordsAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('records').describe('What became of the request.'),
    records: z.array(ledgerEntry).describe('The entries.'),
    next: usageRecordsQuery.shape.after.unwrap().nullable().describe('Where the next page begins; null: nowhere.'),
    complete_from: completeFrom.default(null),
    ...missingRecords,
  }),
  usageFailure,
]);
export type UsageRecordsAnswer = z.infer<typeof usageRecordsAnswer>;

export const USAGE_GROUPS = ['day', 'month', 'trunk', 'number', 'direction', 'country'] as const;
export const usageGroup = z.enum(USAGE_GROUPS);
export type UsageGroup = z.infer<typeof usageGroup>;

const date = z.iso.date();

/** Request `trunkmesh.rpc.usage.summary`. Days are those of the organisation's time zone. */
export const usageSummaryQuery = z.object({
  organization_id: uuid.describe('The organisation.'),
  by: usageGroup.describe('What is summed up together.'),
  from: date
    .optional()
    .describe('The first day. Absent: the first of this month; by month: of the month eleven months ago.'),
  to: date.optional().describe('The last day. Absent: today.'),
  carrier_cost: callCarrier
    .optional()
    .describe('Calls over these carriers alone. Absent: both, in groups of their own.'),
  limit: z.number().int().min(1).max(1000).default(1000).describe('How many to answer at most.'),
  after: z
    .object({
      key: z.string().max(100).describe('The key of the last group of the page before.'),
      currency: z.string().max(3).describe('Its currency; empty: it had none.'),
      carrier_cost: callCarrier.default('external').describe('Its `carrier_cost`.'),
    })
    .optional()
    .describe('Where the page begins. Absent: at the first group.'),
});
export type UsageSummaryQuery = z.infer<typeof usageSummaryQuery>;

/** Amounts of different currencies are never added: each has a group of its own. */
export const usageSummaryGroup = z
  .object({
    key: z
      .string()
      .nullable()
      .describe(
        'The day (`2026-11-23`), the month (`2026-11`), the id of the trunk or number, the direction or the ' +
          'country; null: not known.',
      ),
    currency: z.string().nullable().describe('ISO 4217; null: calls that no rate plan counts for.'),
    carrier_cost: callCarrier.describe(CARRIER_COST),
    calls: z.number().int().describe('Calls.'),
    answered_calls: z.number().int().describe('Calls that were answered.'),
    estimated_calls: z.number().int().describe('Calls whose end is an estimate.'),
    billable_seconds: z.number().int().describe('From answer to end, each call rounded up to whole seconds.'),
    charged_seconds: z.number().int().describe('The seconds that are charged, by the increments of the rates.'),
    amount_micros: usageMicros,
    free_seconds: z
      .number()
      .int()
      .nullable()
      .describe('By month: charged seconds that are free; null for other groups.'),
    free_amount_micros: usageMicros
      .nullable()
      .describe('By month: what is taken off `amount_micros` for them; null for other groups.'),
  })
  .meta({ id: 'UsageSummaryGroup' });
export type UsageSummaryGroup = z.infer<typeof usageSummaryGroup>;

export const usageSummary = z
  .object({
    by: usageGroup.describe('What is summed up together.'),
    time_zone: z.string().describe('Whose days they are, an IANA name.'),
    from: date.describe('The first day.'),
    to: date.describe('The last day.'),
    ...missingRecords,
    groups: z.array(usageSummaryGroup).describe('The groups, by their key.'),
  })
  .meta({ id: 'UsageSummary' });
export type UsageSummary = z.infer<typeof usageSummary>;

export const usageSummaryAnswer = z.discriminatedUnion('outcome', [
  usageSummary.extend({
    outcome: z.literal('summary').describe('What became of the request.'),
    next: usageSummaryQuery.shape.after.unwrap().nullable().describe('Where the next page begins; null: nowhere.'),
  }),
  usageFailure,
]);
export type UsageSummaryAnswer = z.infer<typeof usageSummaryAnswer>;
