import { z } from 'zod';
import { countryOrWorld, timestamp, uuid } from './scalar.js';
import { usageFailure } from './usage-query.js';

/** What a trunk's carrier charges, for estimates: never a part of the platform's bill (ADR 0033). */

const count = z.number().int().nonnegative();
const micros = z.string().regex(/^\d{1,19}$/);
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency code, for example "USD"');
const direction = z.enum(['inbound', 'outbound']).describe('The calls that it is for.');

export const deckRate = z
  .object({
    direction,
    prefix: z
      .string()
      .regex(/^\d{1,15}$/)
      .describe('The first digits of the called number in E.164, without the plus. The longest prefix counts.'),
    effective_from: timestamp.describe('Calls that begin then or later are charged by it, up to the next one.'),
    rate_per_minute_micros: micros.describe('What a minute costs, in micro-units of the currency.'),
    increments: z
      .string()
      .regex(/^[1-9]\d{0,3}\/[1-9]\d{0,3}$/)
      .describe('The seconds that are charged at first, and the steps after them.'),
    minimum_seconds: z.number().int().min(0).max(3600).describe('Seconds that an answered call costs at least.'),
  })
  .meta({ id: 'DeckRate' });
export type DeckRate = z.infer<typeof deckRate>;

export const rateDeck = z
  .object({
    trunk_id: uuid.describe('The trunk.'),
    currency: currency.describe('ISO 4217.'),
    rates: count.describe('How many rates it has.'),
    changed_at: timestamp.describe('When it was last imported.'),
  })
  .meta({ id: 'RateDeck' });
export type RateDeck = z.infer<typeof rateDeck>;

export const deckImport = z
  .object({
    dry_run: z.boolean().describe('True: nothing was changed.'),
    added: count.describe('Rates that are new.'),
    changed: count.describe('Rates that have other terms than before.'),
    unchanged: count.describe('Rates that are as before.'),
    removed: count.describe('Rates that are not there any more.'),
  })
  .meta({ id: 'RateDeckImport' });
export type DeckImport = z.infer<typeof deckImport>;

const seconds = count.describe('From answer to end, each call rounded up to whole seconds.');

export const deckCost = z.object({
  trunk_id: uuid.describe('The trunk whose deck it is.'),
  currency: currency.describe('ISO 4217.'),
  calls: count.describe('Calls that the deck has a rate for.'),
  billable_seconds: seconds,
  estimated_carrier_cost_micros: micros.describe('An estimate of what the carrier would bill for them.'),
  common_estimated_carrier_cost_micros: micros.describe('The same for the calls that every deck has a rate for.'),
  not_covered_calls: count.describe('Calls that the deck has no rate for. They are in no cost.'),
  not_covered: z
    .array(
      z.object({
        direction,
        country: countryOrWorld
          .nullable()
          .describe("The called number's country; `001`: a number of no country; null: not known."),
        calls: count.describe('Calls.'),
        billable_seconds: seconds,
        example: z.string().describe('A called number of them.'),
      }),
    )
    .describe('What these calls are, those with most calls first.'),
});
export type DeckCost = z.infer<typeof deckCost>;

export const carrierCosts = z
  .object({
    month: z.string().describe('The month, `2026-11`.'),
    time_zone: z.string().describe('Whose month it is, an IANA name.'),
    calls: count.describe('Answered calls of the month.'),
    common_calls: count.describe('Those that every deck has a rate for.'),
    estimate: z.literal(true).describe('Always true: the carrier bills by its own contract and its own records.'),
    trunks: z.array(deckCost).describe('All calls of the month on the deck of each trunk, the cheapest first.'),
    cheapest_trunk_id: uuid
      .nullable()
      .describe('The trunk on whose deck the common calls cost least; null: there are none, or several currencies.'),
  })
  .meta({ id: 'CarrierCosts' });
export type CarrierCosts = z.infer<typeof carrierCosts>;

const one = { organization_id: uuid, trunk_id: uuid };
const limit = z.number().int().min(1).max(1000);
const key = z.object({ direction: z.string().max(8), prefix: z.string().max(15), effective_from: z.string().max(40) });

/** Request `trunkmesh.rpc.usage.rate-deck`, answered by billing-observer. */
export const rateDeckRequest = z.discriminatedUnion('ask', [
  /** The same rates may be sent again. */
  z.object({ ask: z.literal('rates-of-import'), ...one, import_id: uuid, rates: z.array(deckRate).max(1000) }),
  z.object({
    ask: z.literal('commit'),
    ...one,
    import_id: uuid,
    currency,
    dry_run: z.boolean(),
    /** Rates that the import does not have are removed. */
    replace: z.boolean(),
  }),
  z.object({ ask: z.literal('decks'), organization_id: uuid }),
  z.object({ ask: z.literal('rates'), ...one, limit, after: key.optional() }),
  z.object({ ask: z.literal('delete'), ...one }),
  z.object({ ask: z.literal('costs'), organization_id: uuid, month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/) }),
]);
export type RateDeckRequest = z.infer<typeof rateDeckRequest>;

export const rateDeckAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('done') }),
  z.object({ outcome: z.literal('imported'), import: deckImport }),
  z.object({ outcome: z.literal('decks'), decks: z.array(rateDeck) }),
  z.object({ outcome: z.literal('rates'), items: z.array(deckRate), next: key.nullable() }),
  z.object({ outcome: z.literal('costs'), costs: carrierCosts }),
  z.object({ outcome: z.literal('not-found') }),
  z.object({ outcome: z.literal('too-many'), most: count }),
  z.object({ outcome: z.literal('error'), code: usageFailure.shape.code, message: z.string() }),
]);
export type RateDeckAnswer = z.infer<typeof rateDeckAnswer>;
