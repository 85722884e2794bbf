import { z } from 'zod';
import { cloudEvent } from './envelope.js';
import { countryOrWorld, timestamp, uuid } from './scalar.js';

/** A million micro-units are one unit of the currency, so 12,500 a minute of USD are 1.25 cents. */
const rateMicros = z
  .number()
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .describe('What a minute costs, in micro-units of the currency: 12500 of USD are 1.25 cents.');

const SECONDS = '(?:[1-9]\\d{0,2}|[1-2]\\d{3}|3[0-5]\\d{2}|3600)';
const increments = z
  .string()
  .regex(
    new RegExp(`^${SECONDS}/${SECONDS}$`),
    'must be two numbers of seconds from 1 to 3600, for example "60/60", "30/6" or "1/1"',
  )
  .describe('The seconds that are charged at first, and the steps after them: `60/60`, `30/6`, `1/1`.');
const minimumSeconds = z
  .number()
  .int()
  .min(0)
  .max(3600)
  .describe('A call that was answered is charged for at least so many seconds; 0: no minimum.');

const terms = {
  rate_per_minute_micros: rateMicros,
  increments,
  minimum_seconds: minimumSeconds,
};

/** What differs for some calls. The most specific counts: direction and country, then country, then direction. */
export const specialRate = z.object({
  direction: z
    .enum(['inbound', 'outbound'])
    .nullable()
    .describe('The calls that it is for: `inbound` or `outbound`; null: both.'),
  country: countryOrWorld
    .nullable()
    .describe("The other party's country; `001`: numbers of no country (satellite, international); null: any."),
  ...terms,
});
export type SpecialRate = z.infer<typeof specialRate>;

/** What the operator charges an organisation for calls that begin at `effective_from` or later, up to the next plan. */
export const ratePlan = z
  .object({
    organization_id: uuid.describe('The organisation.'),
    effective_from: timestamp.describe('Calls that begin then or later are charged by this plan.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency code, for example "USD"')
      .describe('ISO 4217.'),
    ...terms,
    free_minutes_per_month: z
      .number()
      .int()
      .min(0)
      .max(100_000_000)
      .describe('Charged minutes that are free in each month; 0: none.'),
    rates: z.array(specialRate).max(1000).describe('Rates that differ by direction or country.'),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'RatePlan' });
export type RatePlan = z.infer<typeof ratePlan>;

export const ratePlanEvent = z.discriminatedUnion('type', [
  cloudEvent('RatePlanSet', z.object({}), ratePlan),
  cloudEvent(
    'RatePlanChanged',
    z.object({ fields: z.array(z.string()).describe('The names of the changed fields.') }),
    ratePlan,
  ),
  cloudEvent('RatePlanRemoved', z.object({}), z.null()),
]);
export type RatePlanEvent = z.infer<typeof ratePlanEvent>;
