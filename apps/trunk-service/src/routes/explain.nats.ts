import { DomainError } from '@trunkmesh/contracts/problem.js';
import { inboundAnswer, type ExplainRequest, type InboundDecision } from '@trunkmesh/contracts/routing.js';
import { ROUTING_EXPLAIN } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { unansweredText } from '../nats/unanswered-text.js';

/** A decision takes microseconds. */
const DEADLINE_MS = 2_000;

/** @throws DomainError routing-unavailable, invalid-request */
export async function askRouting(nats: NatsLink, request: ExplainRequest): Promise<InboundDecision> {
  const answer = await ask(nats, {
    subject: ROUTING_EXPLAIN,
    request,
    reply: inboundAnswer,
    deadlineMs: DEADLINE_MS,
    span: { name: 'routing.explain' },
  }).catch((error: unknown) => {
    throw error instanceof Unanswered ? unavailable(error) : error;
  });
  if (answer.outcome === 'error')
    throw new DomainError('invalid-request', `The routing service rejects this request: ${answer.message}.`);
  return answer;
}

const unavailable = (error: Unanswered) =>
  new DomainError(
    'routing-unavailable',
    `${unansweredText('routing-service', error)} Calls are still routed by the bridges' own copies. Retry in a few ` +
      'seconds; if this persists, check that routing-service is running and ready.',
  );
