import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { UsageFailure } from '@trunkmesh/contracts/usage-query.js';
import { ask, type Question } from '@trunkmesh/requests/ask.nats.js';
import { askInPieces, type InPieces } from '@trunkmesh/requests/ask-in-pieces.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { z } from 'zod';
import { unansweredText } from './unanswered-text.js';

/** billing-observer answers most questions within four seconds, whatever its answer is. */
const DEADLINE_MS = 5_000;

interface Topic {
  code: 'call-log-unavailable' | 'usage-unavailable';
  /** A sentence: what cannot be done without billing-observer. */
  cannot: string;
  /** A sentence: what that means for calls, or for a request that may have arrived. */
  meanwhile: string;
  span: string;
  deadlineMs?: number;
}

/** How trunk-service asks billing-observer about a topic, and what it answers when that fails. */
export function observerOf({ code, cannot, meanwhile, span, deadlineMs = DEADLINE_MS }: Topic) {
  const unavailable = (what: string) =>
    new DomainError(
      code,
      `${cannot} ${what} ${meanwhile} Retry in a few seconds; if this persists, check that billing-observer is ` +
        'running and ready.',
    );
  type Asked<Reply extends z.ZodType> = Pick<Question<Reply>, 'subject' | 'request' | 'reply' | 'head'>;
  const settings = { deadlineMs, span: { name: span } };
  const explained = async <Answer>(asking: Promise<Answer>): Promise<Answer> => {
    try {
      return await asking;
    } catch (error) {
      if (error instanceof Unanswered) throw unavailable(unansweredText('billing-observer', error));
      throw error;
    }
  };
  return {
    /** @throws DomainError with the topic's code */
    ask: <Reply extends z.ZodType>(nats: NatsLink, question: Asked<Reply>): Promise<z.output<Reply>> =>
      explained(ask(nats, { ...question, ...settings })),
    /** @throws DomainError with the topic's code */
    askInPieces: <Reply extends z.ZodType>(
      nats: NatsLink,
      question: Asked<Reply> & Pick<InPieces<Reply>, 'piecesOf'>,
    ): ReturnType<typeof askInPieces<Reply>> => explained(askInPieces(nats, { ...question, ...settings })),
    failure: ({ code: why, message }: Pick<UsageFailure, 'code' | 'message'>): DomainError => {
      switch (why) {
        case 'unavailable':
          return unavailable(`billing-observer reports: ${message}.`);
        case 'archived':
          return new DomainError('usage-archived', message);
        case 'invalid-request':
          return new DomainError('invalid-request', `billing-observer rejects this request: ${message}.`);
      }
    },
    otherAnswer: () =>
      unavailable('billing-observer sent an answer to another question: check that both run the same version.'),
  };
}
