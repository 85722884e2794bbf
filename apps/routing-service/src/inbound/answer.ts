import type { RefusalReason } from '@trunkmesh/contracts/routing.js';
import { decideInbound } from '@trunkmesh/routing/decide-inbound.js';
import type { RouteIndex } from '@trunkmesh/routing/route-index.js';
import { parseJson } from '../answering/json-text.js';
import { decisionJson, failureJson } from './decision-json.js';
import { readInboundRequest } from './inbound-request.js';

/** What a lookup came to, for its metric. */
export type LookupOutcome = 'route' | RefusalReason | 'invalid-request';

export interface Answer {
  outcome: LookupOutcome;
  json: string;
}

/** Any text has an answer: a decision, or what is wrong with the request. */
export function answerInbound(index: RouteIndex, text: string): Answer {
  const request = readInboundRequest(parseJson(text));
  if (typeof request === 'string') return { outcome: 'invalid-request', json: failureJson(request) };
  const decision = decideInbound(index, request);
  return { outcome: decision.outcome === 'route' ? 'route' : decision.reason, json: decisionJson(decision) };
}
