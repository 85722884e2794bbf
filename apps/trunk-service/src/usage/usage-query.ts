import { callCarrier } from '@trunkmesh/contracts/call-parts.js';
import { callIdOf } from '@trunkmesh/contracts/call-control.js';
import {
  completeFrom,
  gapAccepted,
  incomplete,
  ledgerEntry,
  usageRecordsQuery,
  usageSummary,
  usageSummaryQuery,
  type UsageRecordsQuery,
  type UsageSummaryQuery,
} from '@trunkmesh/contracts/usage-query.js';
import { z } from 'zod';
import { existingCountryOrWorld } from '../http/country.js';
import { dateFrom, dateTo, type Span } from '../http/given-time.js';
import { decodeCursor, encodeCursor, pageQuery } from '../http/page.js';

const { trunk_id, number_id, direction } = usageRecordsQuery.shape;
const limit = pageQuery.shape.limit;
const cursor = pageQuery.shape.cursor.describe('Where the page begins: `next_cursor` of the page before.');

/** All filters combine with AND. */
export const recordsQuery = z.strictObject({
  limit,
  cursor,
  date_from: dateFrom('Calls that began'),
  date_to: dateTo('Calls that began'),
  trunk_id: trunk_id.describe('The trunk of the call.'),
  number_id: number_id.describe("The organisation's phone number, by its id."),
  direction: direction.describe('Who called: `inbound` is the customer.'),
  country: existingCountryOrWorld
    .optional()
    .describe("The other party's country (ISO 3166-1 alpha-2); `001`: numbers of no country."),
  carrier_cost: usageRecordsQuery.shape.carrier_cost,
  statement: usageRecordsQuery.shape.statement,
  call_sid: z
    .string()
    .max(64)
    .transform((text, context) => {
      const id = callIdOf(text);
      if (id === undefined) context.addIssue({ code: 'custom', message: 'must be a `call_sid` or `call_id`' });
      return id ?? z.NEVER;
    })
    .optional()
    .describe('The call, by its `call_sid` or `call_id`.'),
  estimated: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('Whether the end of the call is an estimate.'),
});
export type RecordsQuery = z.output<typeof recordsQuery>;

export function recordsRequest(
  organization_id: string,
  { cursor: text, call_sid, ...query }: Omit<RecordsQuery, keyof Span> & Span,
): UsageRecordsQuery {
  const [started_at, entry_id] = decodeCursor(text, ['string', 'string']) ?? [];
  const after = started_at === undefined || entry_id === undefined ? undefined : { started_at, entry_id };
  return { organization_id, ...query, call_id: call_sid, after };
}

const day = z.iso.date();
export const summaryQuery = z.strictObject({
  by: usageSummaryQuery.shape.by.describe('What is summed up together.'),
  from: day
    .optional()
    .describe("The first day, in the organisation's time zone. Default: the first of the month; by month: a year."),
  to: day.optional().describe("The last day, in the organisation's time zone. Default: today."),
  carrier_cost: usageSummaryQuery.shape.carrier_cost,
  limit: limit.default(1000),
  cursor,
});
export type SummaryQuery = z.output<typeof summaryQuery>;

export function summaryRequest(organization_id: string, { cursor: text, ...query }: SummaryQuery): UsageSummaryQuery {
  const [key, currency, carrier] = decodeCursor(text, ['string', 'string', 'string']) ?? [];
  const carrier_cost = callCarrier.safeParse(carrier).data;
  const after =
    key === undefined || currency === undefined || carrier_cost === undefined
      ? undefined
      : { key, currency, carrier_cost };
  return { organization_id, ...query, after };
}

const next_cursor = z.string().nullable().describe('The `cursor` of the next page; null: this is the last.');

export const recordsPage = z
  .object({
    items: z.array(ledgerEntry).describe('The entries of this page, newest first.'),
    next_cursor,
    complete_from: completeFrom,
    incomplete,
    gap_accepted: gapAccepted,
  })
  .meta({ id: 'UsageRecords' });
export type RecordsPage = z.infer<typeof recordsPage>;

export const summaryPage = usageSummary.extend({ next_cursor }).meta({ id: 'UsageSummaryPage' });
export type SummaryPage = z.infer<typeof summaryPage>;

export const cursorOf = (values: readonly string[] | undefined): string | null =>
  values === undefined ? null : encodeCursor(values);
