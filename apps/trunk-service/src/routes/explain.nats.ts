import { RequestError, TimeoutError } from '@nats-io/nats-core';
import { inboundAnswer, type ExplainRequest, type InboundDecision } from '@trunkmesh/contracts/routing.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { ROUTING_EXPLAIN } from '@trunkmesh/contracts/subjects.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';

/** A decision takes microseconds; what takes longer is away. */
const DEADLINE_MS = 2_000;

const unavailable = (why: string) =>
  new DomainError(
    'routing-unavailable',
    `The routing service cannot be asked at this moment (${why}). Calls are routed by the bridges' own copy meanwhile.`,
  );

/** @throws DomainError routing-unavailable */
export function askRouting(connection: NatsConnection, request: ExplainRequest): Promise<InboundDecision> {
  return withSpan('routing.explain', { kind: 'client' }, async () => {
    const reply = await connection
      .request(ROUTING_EXPLAIN, JSON.stringify(request), { timeout: DEADLINE_MS })
      .catch((error: unknown) => {
        if (error instanceof RequestError) throw unavailable('nobody answers');
        if (error instanceof TimeoutError) throw unavailable('it did not answer in time');
        throw unavailable('NATS is not reached');
      });
    const answer = inboundAnswer.safeParse(reply.json());
    if (!answer.success) throw unavailable('its answer was not understood');
    if (answer.data.outcome === 'error')
      throw new DomainError('invalid-request', `The routing service cannot judge this: ${answer.data.message}.`);
    return answer.data;
  });
}
