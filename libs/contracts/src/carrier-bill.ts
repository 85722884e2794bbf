import { z } from 'zod';
import { timestamp, uuid } from './scalar.js';
import { usageFailure } from './usage-query.js';

/** Reconciliation of the ledger with a carrier's own CDR file (ADR 0033). */

const count = z.number().int().nonnegative();
const seconds = z.number().int().nonnegative();
const micros = z.string().regex(/^-?\d{1,19}$/);
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency code, for example "USD"');
/** An instant in whole seconds since 1970 in UTC: carriers write no fractions. */
const epochSeconds = z.number().int().min(0).max(32_503_680_000);

export const TIME_IS = ['start', 'answer', 'end'] as const;
export type TimeIs = (typeof TIME_IS)[number];

/** A line of the carrier's file. Numbers are in E.164 where they could be brought to it. */
export const carrierCall = z.object({
  line: z.number().int().positive().describe('The line of the file.'),
  reference: z.string().max(128).nullable().describe("The carrier's id of the call; null: the file has none."),
  from: z.string().max(64).describe('The calling number.'),
  to: z.string().max(64).describe('The called number.'),
  at: epochSeconds.describe('When the call began, was answered or ended, in seconds since 1970 (UTC).'),
  seconds: seconds.describe('The seconds that the carrier bills.'),
  amount_micros: micros.nullable().describe('What the carrier bills, in micro-units; null: the file does not say.'),
  currency: currency.nullable().describe('ISO 4217; null: no amount.'),
});
export type CarrierCall = z.infer<typeof carrierCall>;

export const DIFFERENCE_KINDS = ['only-ours', 'only-theirs', 'duration-differs'] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];
export const DIFFERENCE_CAUSES = [
  'rounding',
  'other-increment',
  'unanswered-billed',
  'unanswered-attempt-billed',
  'ringing-billed',
  'billed-twice',
] as const;
export type DifferenceCause = (typeof DIFFERENCE_CAUSES)[number];

const kind = z
  .enum(DIFFERENCE_KINDS)
  .describe(
    '`only-ours`: the file lacks the call. `only-theirs`: the ledger lacks it. `duration-differs`: both have it.',
  );
const cause = z
  .enum(DIFFERENCE_CAUSES)
  .describe(
    '`rounding`: less than a second apart. `other-increment`: rounded up to larger steps. `unanswered-billed`: the ' +
      'call was not answered. `unanswered-attempt-billed`: an attempt of the call `call_sid`, through the trunk, was ' +
      'not answered. `ringing-billed`: the time before the answer is billed too. `billed-twice`: another line of the ' +
      'file bills the same call.',
  );

export const difference = z
  .object({
    difference_id: z.string().describe('The difference. Later ones have higher ids.'),
    kind,
    cause: cause.nullable().describe('The probable cause; null: none is known.'),
    call_id: uuid.nullable().describe('Our call, or the one that the attempt was of; null: none is known.'),
    trunk_id: uuid.nullable().describe('The trunk of our call or attempt; null: not known.'),
    from_number: z.string().describe('The calling number.'),
    to_number: z.string().describe('The called number.'),
    our_time: timestamp.nullable().describe('When our call began; null: the ledger has none.'),
    our_seconds: seconds.nullable().describe('Our billable seconds; null: the ledger has no such call.'),
    their_line: z.number().int().nullable().describe("The line of the carrier's file; null: it has none."),
    their_reference: z.string().nullable().describe("The carrier's id of the call; null: not known."),
    their_time: timestamp.nullable().describe('The time in the file, in UTC; null: the file lacks the call.'),
    their_seconds: seconds.nullable().describe('The seconds that the carrier bills; null: the file lacks the call.'),
    amount_micros: micros.nullable().describe('What the carrier bills for it, in micro-units; null: not known.'),
    currency: currency.nullable().describe('ISO 4217; null: no amount is known.'),
    call_sid: z
      .string()
      .nullable()
      .default(null)
      .describe('The same as the platform names it: `CA` and 32 hexadecimal digits; null: none is known.'),
  })
  .meta({ id: 'CarrierDifference' });
export type Difference = z.infer<typeof difference>;

const amounts = z
  .array(
    z.object({
      currency: currency.describe('ISO 4217.'),
      amount_micros: micros.describe('What the carrier bills, in micro-units of the currency.'),
    }),
  )
  .describe("The carrier's money by currency. Amounts in different currencies are never added.");

const sums = {
  calls: count.describe('Calls.'),
  our_seconds: seconds.describe('Our billable seconds.'),
  their_seconds: seconds.describe('The seconds that the carrier bills.'),
  amounts,
};

export const reconciliationGroup = z.object({
  kind: z.enum(['matched', ...DIFFERENCE_KINDS]).describe('`matched`: both have the call with the same seconds.'),
  cause: cause.nullable().describe('The probable cause; null: none is known, or no difference.'),
  ...sums,
});
export type ReconciliationGroup = z.infer<typeof reconciliationGroup>;

export const reconciliation = z
  .object({
    id: uuid.describe('The reconciliation.'),
    organization_id: uuid.describe('The organisation.'),
    name: z.string().describe('A label, for example the name of the file.'),
    format: z.string().describe('The format that the file was read with.'),
    trunk_ids: z
      .array(uuid)
      .nullable()
      .describe("The trunks whose calls are compared; null: all of the organisation's."),
    tolerance_seconds: seconds.describe('How far the two times of a call may be apart.'),
    time_is: z.enum(TIME_IS).describe('What the time in the file is: the start, the answer or the end of the call.'),
    status: z
      .enum(['receiving', 'matching', 'done', 'stopped', 'failed'])
      .describe('`receiving`: the file is being read. `matching`: the calls are being compared.'),
    progress: z
      .object({ done: count.describe('Rows compared so far.'), total: count.describe('Rows to compare.') })
      .describe('How far it is.'),
    rows: count.describe('Calls in the file.'),
    skipped_rows: count.describe('Lines that could not be read and were left out, as the request asked.'),
    period: z
      .object({ from: timestamp.describe('The first time.'), to: timestamp.describe('The last time.') })
      .nullable()
      .describe('The times of the calls in the file; null: it has none yet.'),
    time_shift_seconds: z
      .number()
      .int()
      .describe('How much later the times of all calls in the file are than ours; 0: they agree.'),
    groups: z.array(reconciliationGroup).describe('What was found, by kind and cause, with sums.'),
    notes: z.array(z.string()).describe('What holds for the whole file, in sentences.'),
    problem: z.string().nullable().describe('Why it failed or was stopped; null: it was not.'),
    created_at: timestamp.describe('When the file arrived.'),
    finished_at: timestamp.nullable().describe('When the comparison ended; null: it has not.'),
  })
  .meta({ id: 'Reconciliation' });
export type Reconciliation = z.infer<typeof reconciliation>;

const one = { organization_id: uuid, id: uuid };
export const ROWS_AT_ONCE = 1_000;

/** Request `trunkmesh.rpc.usage.carrier-bill`, answered by billing-observer. */
export const carrierBillRequest = z.discriminatedUnion('ask', [
  z.object({
    ask: z.literal('begin'),
    ...one,
    name: z.string().max(200),
    format: z.string().max(64),
    trunk_ids: z.array(uuid).max(1000).nullable(),
    tolerance_seconds: seconds.max(3600),
    time_is: z.enum(TIME_IS),
    /** What the file is for; null: from its first call to its last. */
    period: z.object({ from: epochSeconds, to: epochSeconds }).nullable(),
  }),
  /** The same rows may be sent again. */
  z.object({ ask: z.literal('rows'), ...one, rows: z.array(carrierCall).max(ROWS_AT_ONCE) }),
  z.object({ ask: z.literal('match'), ...one, skipped_rows: count }),
  z.object({ ask: z.literal('get'), ...one }),
  z.object({ ask: z.literal('stop'), ...one }),
  z.object({ ask: z.literal('delete'), ...one }),
  z.object({
    ask: z.literal('list'),
    organization_id: uuid,
    limit: z.number().int().min(1).max(1000),
    after: z.object({ created_at: z.string().max(40), id: uuid }).optional(),
  }),
  z.object({
    ask: z.literal('differences'),
    ...one,
    kind: kind.optional(),
    cause: cause.optional(),
    limit: z.number().int().min(1).max(1000),
    after: z
      .string()
      .regex(/^\d{1,18}$/)
      .optional(),
  }),
]);
export type CarrierBillRequest = z.infer<typeof carrierBillRequest>;

export const carrierBillAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('reconciliation'), reconciliation }),
  z.object({
    outcome: z.literal('reconciliations'),
    items: z.array(reconciliation),
    next: z.object({ created_at: z.string(), id: uuid }).nullable(),
  }),
  z.object({ outcome: z.literal('differences'), items: z.array(difference), next: z.string().nullable() }),
  z.object({ outcome: z.literal('done') }),
  z.object({ outcome: z.literal('not-found') }),
  /** The organisation has as many as are kept. */
  z.object({ outcome: z.literal('too-many'), most: count }),
  /** It is not in a state in which this can be done. */
  z.object({ outcome: z.literal('wrong-state'), status: z.string() }),
  z.object({
    outcome: z.literal('error'),
    code: usageFailure.shape.code,
    message: z.string(),
  }),
]);
export type CarrierBillAnswer = z.infer<typeof carrierBillAnswer>;
