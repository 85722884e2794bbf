import { DomainError } from '@trunkmesh/contracts/problem.js';
import {
  rateDeckAnswer,
  type DeckImport,
  type DeckRate,
  type RateDeckAnswer,
  type RateDeckRequest,
} from '@trunkmesh/contracts/rate-deck.js';
import { RATE_DECK } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { observerOf } from '../nats/observer.nats.js';

/** A month of a million calls takes the observer seconds. */
const COSTS_DEADLINE_MS = 60_000;
const RATES_AT_ONCE = 1_000;

const observer = observerOf({
  code: 'usage-unavailable',
  cannot: 'Rate decks are unavailable.',
  meanwhile: 'An import may or may not have been applied; it is safe to send it again.',
  span: 'rate-deck',
  deadlineMs: COSTS_DEADLINE_MS,
});

type Outcome = RateDeckAnswer['outcome'];

/** @throws DomainError usage-unavailable, rate-deck-not-found, quota-exceeded, invalid-request */
export async function askRateDeck<Expected extends Outcome>(
  nats: NatsLink,
  request: RateDeckRequest,
  expected: Expected,
): Promise<Extract<RateDeckAnswer, { outcome: Expected }>> {
  const answer = await observer.ask(nats, { subject: RATE_DECK, request, reply: rateDeckAnswer });
  if (answer.outcome === expected) return answer as Extract<RateDeckAnswer, { outcome: Expected }>;
  throw refusalOf(answer);
}

export interface DeckToImport {
  organization_id: string;
  trunk_id: string;
  import_id: string;
  currency: string;
  dry_run: boolean;
  replace: boolean;
}

/** In parts, and then all of them at once, or none. */
export async function importDeck(nats: NatsLink, deck: DeckToImport, rates: readonly DeckRate[]): Promise<DeckImport> {
  const { organization_id, trunk_id, import_id } = deck;
  for (let from = 0; from < rates.length; from += RATES_AT_ONCE) {
    const part = rates.slice(from, from + RATES_AT_ONCE);
    await askRateDeck(nats, { ask: 'rates-of-import', organization_id, trunk_id, import_id, rates: part }, 'done');
  }
  return (await askRateDeck(nats, { ask: 'commit', ...deck }, 'imported')).import;
}

export const rateDeckNotFound = () =>
  new DomainError('rate-deck-not-found', 'The organisation has no rate deck for this trunk.');

function refusalOf(answer: RateDeckAnswer): DomainError {
  switch (answer.outcome) {
    case 'not-found':
      return rateDeckNotFound();
    case 'too-many':
      return new DomainError(
        'quota-exceeded',
        `The rate decks of an organisation may have ${answer.most} rates together. Nothing was imported.`,
      );
    case 'error':
      return observer.failure(answer);
    case 'done':
    case 'imported':
    case 'decks':
    case 'rates':
    case 'costs':
      return observer.otherAnswer();
  }
}
