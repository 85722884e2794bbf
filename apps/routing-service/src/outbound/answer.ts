import { outboundRequest, type OutboundRefusal } from '@trunkmesh/contracts/outbound.js';
import { InvalidRequest } from '@trunkmesh/requests/request.pipe.js';
import type { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import { planOutbound } from '@trunkmesh/routing/plan-outbound.js';
import type { RouteIndex } from '@trunkmesh/routing/route-index.js';
import { parseJson } from '../answering/json-text.js';
import { refusalOf } from '../routing-failure.js';
import { planJson } from './plan-json.js';

/** What a plan came to, for its metric. */
export type PlanOutcome = 'call' | OutboundRefusal | 'invalid-request';

/** Any text has an answer: a plan, or what is wrong with the request. */
export function answerOutbound(
  index: RouteIndex,
  gateways: GatewayStates,
  text: string,
): { outcome: PlanOutcome; json: string } {
  const request = outboundRequest.safeParse(parseJson(text));
  if (!request.success)
    return { outcome: 'invalid-request', json: JSON.stringify(refusalOf(new InvalidRequest(request.error))) };
  const plan = planOutbound(index, gateways, request.data);
  return { outcome: plan.outcome === 'call' ? 'call' : plan.reason, json: planJson(plan) };
}
