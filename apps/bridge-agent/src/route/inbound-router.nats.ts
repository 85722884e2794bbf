import { headers } from '@nats-io/nats-core';
import { REFUSALS, type InboundDecision, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import { ROUTING_INBOUND } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { currentTraceparent } from '@trunkmesh/runtime/trace.otel.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { DecidedAt } from '../live/call-events.js';
import type { LocalRoutes } from './local-routes.nats.js';

export interface Decided {
  decision: InboundDecision;
  decidedAt: DecidedAt;
}

export interface InboundRouterOptions {
  link: NatsLink;
  local: Pick<LocalRoutes, 'decide' | 'isTrunkOfSource'>;
  logger: Logger;
  deadlineMs?: number;
}

export type DecideInbound = (request: InboundRequest) => Promise<Decided>;

const DEADLINE_MS = 300;
/** Every call during an outage would log the same. */
const WARN_EVERY_MS = 1_000;

/**
 * Asks routing-service; if it does not answer in time, the local copy decides. While NATS is known to be disconnected,
 * the local copy decides at once.
 */
export function createInboundRouter({
  link,
  local,
  logger,
  deadlineMs = DEADLINE_MS,
}: InboundRouterOptions): DecideInbound {
  let warnedAt = 0;
  const warn = (error: unknown): void => {
    if (Date.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = Date.now();
    logger.warn({ err: error }, 'no reply from routing-service; deciding by the local copy');
  };
  const ask = async (request: InboundRequest): Promise<InboundDecision | undefined> => {
    if (link.connection === undefined) return undefined;
    try {
      const answer = await link.connection.request(ROUTING_INBOUND, JSON.stringify(request), {
        timeout: deadlineMs,
        ...traced(),
      });
      const decision: unknown = JSON.parse(answer.string());
      if (isDecision(decision)) return decision;
      logger.error('routing-service sent an invalid decision');
    } catch (error) {
      warn(error);
    }
    return undefined;
  };
  return async (request) => {
    const asked = await ask(request);
    if (asked === undefined) return { decision: local.decide(request) ?? unavailable(request), decidedAt: 'local' };
    // Routing-service's decision about whose call this is counts only if this host's own data about the source agrees.
    if (asked.outcome === 'route' && local.isTrunkOfSource(asked.trunk_id, request) === false) {
      logger.error(
        { call_id: request.call_id, trunk_id: asked.trunk_id, source_address: request.source_address },
        'rejected a call: routed to a trunk that its source address does not belong to',
      );
      return { decision: notOfSource(asked), decidedAt: 'routing-service' };
    }
    return { decision: asked, decidedAt: 'routing-service' };
  };
}

/** Sends the call's trace context, so that the decision appears in the trace. */
function traced() {
  const traceparent = currentTraceparent();
  if (traceparent === undefined) return {};
  const carried = headers();
  carried.set('traceparent', traceparent);
  return { headers: carried };
}

const nothingKnown = (request: Pick<InboundRequest, 'source_address' | 'claimed_gateway'>) => ({
  source_address: request.source_address,
  claimed_gateway: request.claimed_gateway,
  candidates: [],
  steps: [],
});

const unavailable = (request: InboundRequest): InboundDecision => ({
  outcome: 'refuse',
  reason: 'routing-unavailable',
  sip_status: REFUSALS['routing-unavailable'],
  organization_id: null,
  trunk_id: null,
  number: null,
  explanation: {
    ...nothingKnown(request),
    summary: 'Refused: routing did not answer, and this host has no copy of the routes yet.',
  },
});

const notOfSource = ({ explanation }: InboundDecision): InboundDecision => ({
  outcome: 'refuse',
  reason: 'unknown-source',
  sip_status: REFUSALS['unknown-source'],
  organization_id: null,
  trunk_id: null,
  number: null,
  explanation: {
    ...nothingKnown(explanation),
    summary: `Refused: ${explanation.source_address} is not an address of the trunk that routing named.`,
  },
});

/**
 * Checked by hand: validating a whole explanation by schema costs more than the request. Only the fields that the agent
 * uses are checked.
 */
function isDecision(value: unknown): value is InboundDecision {
  const answer = value as Partial<Record<string, unknown>> | null;
  if (typeof answer !== 'object' || answer === null || typeof answer.explanation !== 'object') return false;
  if (answer.outcome === 'refuse') return typeof answer.reason === 'string' && Object.hasOwn(REFUSALS, answer.reason);
  const target = answer.target as { id?: unknown } | null | undefined;
  return (
    answer.outcome === 'route' &&
    [answer.organization_id, answer.trunk_id, answer.number_id, answer.number].every(
      (field) => typeof field === 'string',
    ) &&
    typeof target?.id === 'number'
  );
}
