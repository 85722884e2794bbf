import { callIdOf } from '@trunkmesh/contracts/call-control.js';
import { callLogQuery, callLogStatus, type CallLogQuery } from '@trunkmesh/contracts/call-log.js';
import { z } from 'zod';
import { dateFrom, dateTo, type Span } from '../http/given-time.js';
import { MAX_PAGE } from '../http/page.js';

/** As far as the call log counts (contracts/call-log.ts); further back `date_to` leads. */
export const MAX_SKIP = 1_000_000;
const DECIMAL = /^-?\d{1,16}(?:\.\d{1,16})?$/;
/**
 * Written in decimal digits: `Number` would also take an empty text, for 0, and then `max_duration=` would find the
 * calls that nobody answered.
 */
const written = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((text) => (typeof text === 'string' && DECIMAL.test(text) ? Number(text) : text), schema);
const idFilter = written(z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)).optional();
const seconds = written(z.number().min(0).max(Number.MAX_SAFE_INTEGER)).optional();

/** An optional text that is brought to what the call log is asked with; undefined from `read`: it cannot be. */
const readWith = (read: (text: string) => string | undefined, problem: string) =>
  z
    .string()
    .max(64)
    .transform((text, context) => {
      const value = read(text);
      if (value === undefined) context.addIssue({ code: 'custom', message: problem });
      return value ?? z.NEVER;
    })
    .optional();

const EMPTY = 'must not be empty';
const trimmed = (text: string) => text.trim() || undefined;

/**
 * All filters combine with AND. The names are the platform's; `direction`, `flow_id`, `trunk_id` and `number_id` are
 * ours.
 */
export const callQuery = z.strictObject({
  skip: written(z.number().int().min(0).max(MAX_SKIP))
    .default(0)
    .meta({ description: 'How many calls to pass over, newest first.' }),
  limit: written(z.number().int().min(1).max(MAX_PAGE)).default(100).meta({ description: 'How many calls to answer.' }),
  status: callLogStatus.optional().meta({
    description:
      '`ongoing`: no end is known. `completed`: answered and ended. `failed`: refused, or ended before an answer.',
  }),
  direction: callLogQuery.shape.direction.meta({ description: 'Who called: `inbound` is the customer.' }),
  assistant_id: idFilter.meta({ description: 'The assistant that took the call.' }),
  assistant_name: readWith(trimmed, EMPTY).meta({
    description: "Part of the assistant's name as the organisation's phone numbers have it now, in any case.",
  }),
  flow_id: idFilter.meta({ description: 'The flow that took the call.' }),
  trunk_id: callLogQuery.shape.trunk_id.meta({ description: 'The trunk of the call.' }),
  number_id: callLogQuery.shape.number_id.meta({ description: "The organisation's phone number, by its id." }),
  customer_phone: readWith(phone, EMPTY).meta({
    description: "Part of the other party's number, however it is punctuated; with a plus, the number's beginning.",
  }),
  call_sid: readWith(trimmed, EMPTY).meta({
    description: "Part of the call's `call_sid` or `call_id`; case and hyphens do not count.",
  }),
  date_from: dateFrom('Calls that began'),
  date_to: dateTo('Calls that began'),
  min_duration: seconds.meta({ description: 'Seconds from the answer to the end, at least.' }),
  max_duration: seconds.meta({ description: 'Seconds from the answer to the end, at most.' }),
});
export type CallQuery = z.output<typeof callQuery>;
/** Its days are instants. */
export type CallQueryInZone = Omit<CallQuery, keyof Span> & Span;

/** `assistantIds`: those that `assistant_name` stands for; undefined where it is not given. */
export function logQueryOf(
  organization_id: string,
  { call_sid, assistant_name: _name, ...query }: CallQueryInZone,
  assistantIds?: number[],
): CallLogQuery {
  // A whole sid or id is found in an index.
  const call_id = call_sid === undefined ? undefined : callIdOf(call_sid);
  return {
    organization_id,
    ...query,
    assistant_ids: assistantIds,
    ...(call_id === undefined ? { call_sid } : { call_id }),
  };
}

/**
 * A list's headers; this one's pages are counted by `skip`, as the platform's clients know it. `path`: the request's
 * own with its query.
 */
export function skipHeaders(
  path: string,
  { skip, count, total }: { skip: number; count: number; total: number },
): Record<string, string> {
  const headers: Record<string, string> = { 'X-Total-Count': String(total) };
  const next = skip + count;
  if (count === 0 || next >= total || next > MAX_SKIP) return headers;
  const [base = '', query = ''] = path.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('skip', String(next));
  return { ...headers, Link: `<${base}?${parameters.toString()}>; rel="next"` };
}

/** A plus that was not percent-encoded arrives as a space. */
const withPlus = (text: string) => text.replace(/^ (?=\d)/, '+');

const PUNCTUATED = /^\+?[\d\s()./-]*\d[\d\s()./-]*$/;

/** A number however it is punctuated; anything else (`anonymous`, a SIP user) as it is. */
function phone(text: string): string | undefined {
  const given = withPlus(text).trim();
  if (given === '') return undefined;
  return PUNCTUATED.test(given) ? given.replace(/[^+\d]/g, '') : given;
}
