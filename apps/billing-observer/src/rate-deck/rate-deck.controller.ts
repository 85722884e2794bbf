import { Controller, Inject, UseFilters, UsePipes } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  rateDeckRequest,
  type CarrierCosts,
  type RateDeckAnswer,
  type RateDeckRequest,
} from '@trunkmesh/contracts/rate-deck.js';
import { RATE_DECK } from '@trunkmesh/contracts/subjects.js';
import { RefusalFilter } from '@trunkmesh/requests/refusal.filter.js';
import { RequestPipe } from '@trunkmesh/requests/request.pipe.js';
import { Answering, refusalOf, type AnsweringOptions } from '../answering.nats.js';
import { RATE_DECK_ANSWERS } from '../tokens.js';
import { carrierCosts } from './carrier-costs.pg.js';
import { commitImport, deleteDeck, keepImportRates, listDecks, listRates } from './deck-rows.pg.js';

type CostsRequest = Extract<RateDeckRequest, { ask: 'costs' }>;

/** Requests about rate decks, and estimates by them. */
@Controller()
@UsePipes(RequestPipe)
@UseFilters(new RefusalFilter(refusalOf))
export class RateDeckController {
  private readonly answering: Answering;
  /** By organisation and month: whoever asks for the same waits for the same. */
  private readonly estimates = new Map<string, Promise<CarrierCosts>>();

  constructor(@Inject(RATE_DECK_ANSWERS) private readonly options: AnsweringOptions) {
    this.answering = new Answering(options, 'rate decks');
  }

  @MessagePattern(RATE_DECK, { span: 'rate-deck' })
  answer(@Payload({ schema: rateDeckRequest }) request: RateDeckRequest): Promise<Uint8Array> {
    return this.answering.inTime(async (signal) => JSON.stringify(await this.carryOut(request, signal)));
  }

  private async carryOut(request: RateDeckRequest, signal: AbortSignal): Promise<RateDeckAnswer> {
    const db = this.options.dataSource;
    switch (request.ask) {
      case 'rates-of-import':
        return keepImportRates(db, request);
      case 'commit':
        return commitImport(db, request);
      case 'decks':
        return listDecks(db, request);
      case 'rates':
        return listRates(db, request);
      case 'delete':
        return deleteDeck(db, request);
      case 'costs':
        return { outcome: 'costs', costs: await this.costs(request, signal) };
    }
  }

  private costs(request: CostsRequest, signal: AbortSignal): Promise<CarrierCosts> {
    const key = `${request.organization_id} ${request.month}`;
    const running = this.estimates.get(key);
    if (running !== undefined) return running;
    const estimate = carrierCosts(this.options.dataSource, request, signal).finally(() => this.estimates.delete(key));
    this.estimates.set(key, estimate);
    return estimate;
  }
}
