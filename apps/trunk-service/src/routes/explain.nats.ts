import { setTimeout as pause } from 'node:timers/promises';
import {
  outboundAnswer,
  type OutboundAnswer,
  type OutboundPlan,
  type OutboundRequest,
} from '@trunkmesh/contracts/outbound.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import {
  inboundAnswer,
  type ExplainRequest,
  type InboundDecision,
  type RoutingFailure,
} from '@trunkmesh/contracts/routing.js';
import { ROUTING_EXPLAIN, ROUTING_OUTBOUND } from '@trunkmesh/contracts/subjects.js';
import { ask, type Asking } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { unansweredText } from '../nats/unanswered-text.js';

/** A decision takes microseconds. */
const DEADLINE_MS = 2_000;
const ABSENT_AGAIN_MS = 200;

/** @throws DomainError routing-unavailable, invalid-request */
export async function askRouting(nats: NatsLink, request: ExplainRequest): Promise<InboundDecision> {
  const question = { request, deadlineMs: DEADLINE_MS, span: { name: 'routing.explain' } };
  const answer = await ask(nats, { ...question, subject: ROUTING_EXPLAIN, reply: inboundAnswer }).catch(
    unavailable("Calls are still routed by the bridges' own copies. "),
  );
  return answer.outcome === 'error' ? rejected(answer) : answer;
}

/**
 * `waitMs`: for so long it is asked again while certainly nobody has the question, because NATS or routing-service is
 * restarted.
 *
 * @throws DomainError routing-unavailable, invalid-request
 */
export async function askPlan(nats: Asking, request: OutboundRequest, waitMs = 0): Promise<OutboundPlan> {
  const answer = await askWhileAbsent(nats, request, waitMs).catch(unavailable(''));
  return answer.outcome === 'error' ? rejected(answer) : answer;
}

async function askWhileAbsent(nats: Asking, request: OutboundRequest, waitMs: number): Promise<OutboundAnswer> {
  const question = { request, deadlineMs: DEADLINE_MS, span: { name: 'routing.outbound' } };
  for (const until = performance.now() + waitMs; ; await pause(ABSENT_AGAIN_MS)) {
    try {
      return await ask(nats, { ...question, subject: ROUTING_OUTBOUND, reply: outboundAnswer });
    } catch (error) {
      const isAbsent = error instanceof Unanswered && !error.mayHaveRun;
      if (!isAbsent || performance.now() >= until) throw error;
    }
  }
}

function rejected({ message }: RoutingFailure): never {
  throw new DomainError('invalid-request', `The routing service rejects this request: ${message}.`);
}

const unavailable = (meanwhile: string) => (error: unknown) => {
  if (!(error instanceof Unanswered)) throw error;
  throw new DomainError(
    'routing-unavailable',
    `${unansweredText('routing-service', error)} ${meanwhile}Retry in a few seconds; if this persists, check that ` +
      'routing-service is running and ready.',
  );
};
