import { DomainError } from '@trunkmesh/contracts/problem.js';
import { ratePlan, specialRate } from '@trunkmesh/contracts/rate-plan.js';
import { z } from 'zod';
import { existingCountryOrWorld } from '../http/country.js';
import { beginningOf, dayReader, readGivenTime } from '../http/given-time.js';

const { rate_per_minute_micros, increments, minimum_seconds, currency, free_minutes_per_month } = ratePlan.shape;

const special = z.strictObject({
  direction: specialRate.shape.direction.default(null),
  country: existingCountryOrWorld.nullable().default(null).describe(specialRate.shape.country.description!),
  rate_per_minute_micros,
  increments: increments.default('60/60'),
  minimum_seconds: minimum_seconds.default(0),
});

/** What was read may be sent back: the read-only members are not looked at. */
export const ratePlanBody = z
  .strictObject({
    currency,
    rate_per_minute_micros,
    increments: increments.default('60/60'),
    minimum_seconds: minimum_seconds.default(0),
    free_minutes_per_month: free_minutes_per_month.default(0),
    rates: z
      .array(special)
      .max(1000)
      .default([])
      .superRefine((rates, context) => {
        const seen = new Set<string>();
        for (const [index, { direction, country }] of rates.entries()) {
          const key = `${direction} ${country}`;
          const message =
            direction === null && country === null
              ? "must name a direction or a country: for all others the plan's own rate counts"
              : seen.has(key)
                ? 'is for the same direction and country as one before it'
                : undefined;
          if (message !== undefined) context.addIssue({ code: 'custom', path: [index], message });
          seen.add(key);
        }
      })
      .describe(ratePlan.shape.rates.description!),
    organization_id: z.unknown().optional().describe('The organisation.'),
    effective_from: z.unknown().optional().describe('When it begins: the path says so.'),
    created_at: z.unknown().optional().describe('When it was made.'),
    updated_at: z.unknown().optional().describe('When it was last changed.'),
  })
  .transform(({ organization_id: _o, effective_from: _e, created_at: _c, updated_at: _u, ...fields }) => fields)
  .meta({ id: 'RatePlanInput' });
export type RatePlanBody = z.output<typeof ratePlanBody>;

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/i;

/** A date means its beginning in the organisation's time zone. */
export function effectiveFrom(text: string, timeZone: string): string {
  const given = TIME.test(text) ? readGivenTime(text) : undefined;
  const time = given && beginningOf(given, dayReader(timeZone));
  const year = Number(time?.slice(0, 4) ?? 0);
  if (time !== undefined && year >= 2000 && year < 2200) return time;
  throw new DomainError(
    'invalid-request',
    'A rate plan begins at a date such as 2026-12-01, or a time such as 2026-12-01T09:30:00Z.',
    [{ pointer: '', message: 'the path names no usable time' }],
  );
}
