import { Controller, Delete, Get, HttpCode, Inject, Param, Put, Query, Res } from '@nestjs/common';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import {
  carrierCosts,
  deckImport,
  deckRate,
  rateDeck,
  type CarrierCosts,
  type DeckImport,
  type RateDeck,
} from '@trunkmesh/contracts/rate-deck.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Response } from 'express';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { Access, BodyLimit, OrganizationId } from '../access/access.guard.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { LARGE_BODY } from '../http/body.http.js';
import { CSV, streamCsv } from '../http/csv-stream.http.js';
import { Described } from '../http/open-api.http.js';
import { decodeCursor, encodeCursor, pageQuery } from '../http/page.js';
import { timeZoneOf } from '../organization/time-zone.pg.js';
import { EVENT_STORE, NATS } from '../tokens.js';
import { findTrunk } from '../trunk/trunk-list.pg.js';
import { readDeck } from './deck-import.process.js';
import { DECK_COLUMNS, deckCells } from './deck-row.js';
import { askRateDeck, importDeck, rateDeckNotFound } from './rate-deck.nats.js';

const RATES_AT_ONCE = 1_000;

const importQuery = z.strictObject({
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency code, for example "USD"')
    .describe('The currency of the rates, ISO 4217.'),
  dry_run: z.enum(['true', 'false']).default('false').describe('`true`: only say what would change.'),
  mode: z
    .enum(['replace', 'merge'])
    .default('replace')
    .describe('`replace`: rates that the file does not have are removed. `merge`: they stay.'),
});
const ratesQuery = z.strictObject({
  limit: pageQuery.shape.limit,
  cursor: pageQuery.shape.cursor.describe('Where the page begins: `next_cursor` of the page before.'),
});
const costsQuery = z.strictObject({
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month, for example "2026-11"')
    .describe("The month, in the organisation's time zone: `2026-11`."),
});
const ratesPage = z
  .object({
    items: z.array(deckRate).describe('The rates of this page, by direction, prefix and time.'),
    next_cursor: z.string().nullable().describe('The `cursor` of the next page; null: this is the last.'),
  })
  .meta({ id: 'DeckRates' });

/** What carriers charge by their own decks: for estimates alone. */
@Controller('api/v1/usage')
export class RateDeckController {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Get('rate-decks')
  @Access('read')
  @Described({ id: 'listRateDecks', summary: "List the trunks' rate decks", answer: z.array(rateDeck) })
  async list(@OrganizationId() organization_id: string): Promise<RateDeck[]> {
    return (await askRateDeck(this.nats, { ask: 'decks', organization_id }, 'decks')).decks;
  }

  @Get('rate-decks/:trunk_id')
  @Access('read')
  @Described({
    id: 'listDeckRates',
    summary: 'List the rates of a trunk\'s deck; with "Accept: text/csv" all of them, as a file that can be imported',
    answer: ratesPage,
  })
  async rates(
    @OrganizationId() organization_id: string,
    @Param('trunk_id') text: string,
    @Query({ schema: ratesQuery }) { limit, cursor }: z.output<typeof ratesQuery>,
    @Res() response: Response,
  ): Promise<void> {
    const trunk_id = trunkOf(text);
    const page = async (after: string | undefined, most: number) => {
      const [direction, prefix, effective_from] = decodeCursor(after, ['string', 'string', 'string']) ?? [];
      const key =
        direction === undefined || prefix === undefined || effective_from === undefined
          ? undefined
          : { direction, prefix, effective_from };
      const request = { ask: 'rates' as const, organization_id, trunk_id, limit: most, after: key };
      const { items, next } = await askRateDeck(this.nats, request, 'rates');
      return { items, next: next === null ? null : encodeCursor([next.direction, next.prefix, next.effective_from]) };
    };
    if ((response.req.header('Accept') ?? '').includes(CSV)) {
      const file = { name: 'rate-deck.csv', columns: DECK_COLUMNS, first: cursor };
      await streamCsv(response, file, async (after) => {
        const { items, next } = await page(after, RATES_AT_ONCE);
        return { items: items.map(deckCells), next };
      });
      return;
    }
    const { items, next } = await page(cursor, limit);
    response.json({ items, next_cursor: next } satisfies z.infer<typeof ratesPage>);
  }

  @Put('rate-decks/:trunk_id')
  @Access('manage')
  @Described({
    id: 'importRateDeck',
    summary: "Import a trunk's rate deck as CSV: all of it, or nothing and what is wrong line by line",
    answer: deckImport,
    body: { 'text/csv': z.string() },
  })
  @BodyLimit(LARGE_BODY)
  async import(
    @OrganizationId() organization_id: string,
    @Param('trunk_id') text: string,
    @Query({ schema: importQuery }) { currency, dry_run, mode }: z.output<typeof importQuery>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeckImport> {
    const { body } = response.req;
    if (typeof body !== 'string')
      throw new DomainError('unsupported-media-type', 'Send a CSV, with the header "Content-Type: text/csv".');
    const { state } = await findTrunk(this.store, organization_id, text);
    const deck = {
      organization_id,
      trunk_id: state.id,
      import_id: uuidv7(),
      currency,
      dry_run: dry_run === 'true',
      replace: mode === 'replace',
    };
    return importDeck(this.nats, deck, await readDeck(body, await timeZoneOf(this.store, organization_id)));
  }

  @Delete('rate-decks/:trunk_id')
  @HttpCode(204)
  @Access('manage')
  @Described({ id: 'deleteRateDeck', summary: "Delete a trunk's rate deck", status: 204 })
  async remove(@OrganizationId() organization_id: string, @Param('trunk_id') text: string): Promise<void> {
    await askRateDeck(this.nats, { ask: 'delete', organization_id, trunk_id: trunkOf(text) }, 'done');
  }

  @Get('carrier-costs')
  @Access('read')
  @Described({
    id: 'estimateCarrierCosts',
    summary: 'Estimate what the calls of a month would have cost on the deck of each trunk; the cheapest first',
    answer: carrierCosts,
  })
  async costs(
    @OrganizationId() organization_id: string,
    @Query({ schema: costsQuery }) { month }: z.output<typeof costsQuery>,
  ): Promise<CarrierCosts> {
    return (await askRateDeck(this.nats, { ask: 'costs', organization_id, month }, 'costs')).costs;
  }
}

/** Also of a trunk that was deleted: its deck can still be read and deleted. */
function trunkOf(text: string): string {
  if (!uuid.safeParse(text).success) throw rateDeckNotFound();
  return text.toLowerCase();
}
