import { OUTBOUND_REFUSALS, type OutboundPlan, type OutboundRefusal } from '@trunkmesh/contracts/outbound.js';
import { DomainError, type DomainErrorCode } from '@trunkmesh/contracts/problem.js';
import type { TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { CallNotAccepted, problemOfRefusal, type Refusal } from '../outbound/refused-event.js';
import { carrierSpelling } from '@trunkmesh/routing/number-format.js';

export interface AllowedCall {
  from: string;
  to: string;
  /** In the carrier's spelling. */
  dialled: string;
  /** The phone number that calls; null: the plan does not say it. */
  number_id: string | null;
}

/** Of what a plan refuses a call with, the status at the API decides the problem's code. */
const CODES: Readonly<Record<(typeof OUTBOUND_REFUSALS)[OutboundRefusal], DomainErrorCode>> = {
  400: 'invalid-request',
  403: 'destination-not-allowed',
  404: 'number-not-found',
  409: 'conflict',
};

/**
 * The call that a trunk's test may place: what the plan of an outbound call refuses is refused here. Settings that are
 * not saved are in no plan; the plan's checks up to the choice of a trunk hold for them, and their own countries.
 *
 * @throws CallNotAccepted
 */
export function allowedCall(plan: OutboundPlan, trunk: TrunkSettings, isSaved: boolean): AllowedCall {
  const { from, to, country } = plan;
  if (to === null || isRefused(plan, isSaved)) throw notAllowed(reasonOf(plan), detailOf(plan));
  if (trunk.outbound_country_codes?.includes(country ?? '') === false)
    throw notAllowed('country-not-allowed', `The trunk may not call ${country ?? 'numbers of no country'}.`);
  const number_id = plan.outcome === 'call' ? plan.number_id : null;
  return { from, to, dialled: carrierSpelling(to, trunk.number_rules), number_id };
}

const lastCheck = ({ explanation: { checks } }: OutboundPlan) => checks.at(-1);
/** Of settings that are not saved only what is about the saved trunks does not count. */
const isRefused = (plan: OutboundPlan, isSaved: boolean): boolean =>
  plan.outcome === 'refuse' && (isSaved || lastCheck(plan)?.check !== 'trunks');
const reasonOf = (plan: OutboundPlan): OutboundRefusal =>
  plan.outcome === 'refuse' ? plan.reason : 'not-a-public-number';
const detailOf = (plan: OutboundPlan): string => lastCheck(plan)?.detail ?? plan.explanation.summary;

const notAllowed = (reason: OutboundRefusal, detail: string): CallNotAccepted =>
  new CallNotAccepted({ reason, detail: `The test call is not placed. ${detail}` });

/** The refusal as the API answers it, with the call as the call log names it. */
export function problemOfTest(callId: string, refusal: Refusal): DomainError {
  const { reason, detail } = refusal;
  if (!isOfPlan(reason)) return problemOfRefusal(callId, refusal);
  const named = { reason, call_id: callId, call_sid: callSid(callId) };
  return new DomainError(CODES[OUTBOUND_REFUSALS[reason]], detail, [], named);
}

const isOfPlan = (reason: string): reason is OutboundRefusal => reason in OUTBOUND_REFUSALS;
