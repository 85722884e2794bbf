import type { VerificationAnswer } from '@trunkmesh/contracts/address.js';
import {
  REFUSALS,
  SIP_REASON_PHRASES,
  type InboundDecision,
  type RefusalReason,
} from '@trunkmesh/contracts/routing.js';
import { execute, type EslCommand } from '../esl/esl-command.js';

export type Refusal = Extract<InboundDecision, { outcome: 'refuse' }>;

/**
 * Long enough for a routing-service that restarts, short enough that a carrier tries again within a caller's patience
 * (RFC 3261 §20.33).
 */
const RETRY_AFTER_SECONDS = 5;

/** Why a call is rejected before its number is looked up. */
export type TurnedAway = 'bridge-full' | 'bridge-stopping';
/** Why a verification call is refused: what trunk-service says of its code, or that it cannot be asked. */
export type VerificationRefusal =
  | Exclude<Extract<VerificationAnswer, { outcome: 'refused' }>['reason'], 'unavailable'>
  | 'verification-unavailable'
  | 'verification-busy';
type AnyRefusal = RefusalReason | TurnedAway | VerificationRefusal;
const STATUSES: Readonly<Record<AnyRefusal, (typeof REFUSALS)[RefusalReason]>> = {
  ...REFUSALS,
  'bridge-full': 503,
  'bridge-stopping': 503,
  'verification-unavailable': 503,
  'verification-busy': 503,
  'unknown-code': 403,
  'code-expired': 403,
  'code-used': 403,
  'address-not-claimed': 403,
  'trunk-gone': 403,
  'invalid-request': 403,
};

/** The status that goes out. A decision of another service is untrusted: only reasons in the contract are sent. */
export const statusOf = (reason: RefusalReason): number => REFUSALS[reason];

/**
 * `respond` with what helps the carrier: when to try again, and the reason in words that its trace shows (Warning 399,
 * RFC 3261 §20.43). An unknown caller gets only the status. FreeSWITCH adds `sip_rh_…` to the final response of a call
 * that it refuses.
 */
export function refuseCommands(reason: AnyRefusal): EslCommand[] {
  const status = STATUSES[reason];
  const headers: EslCommand[] = [];
  if (status === 503) headers.push(execute('set', `sip_rh_Retry-After=${RETRY_AFTER_SECONDS}`));
  if (reason !== 'unknown-source') headers.push(execute('set', `sip_rh_Warning=399 trunkmesh "${reason}"`));
  return [...headers, execute('respond', `${status} ${SIP_REASON_PHRASES[status]}`)];
}

/** A refusal by the agent itself, which overrides routing. */
export function refusedHere(decision: InboundDecision, reason: RefusalReason, summary: string): Refusal {
  const owner =
    reason === 'unknown-source'
      ? { organization_id: null, trunk_id: null }
      : { organization_id: decision.organization_id, trunk_id: decision.trunk_id };
  return {
    outcome: 'refuse',
    reason,
    sip_status: statusOf(reason),
    ...owner,
    number: decision.number,
    explanation: { ...decision.explanation, summary },
  };
}
