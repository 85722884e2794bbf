import type { CallRefused } from '@trunkmesh/contracts/call.js';
import { OUTBOUND_LIMITS, type OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { requestOf } from '../routes/outbound-input.js';
import type { CallWish } from './call-input.js';

/** Why a call ends before a bridge has it. */
export interface Refusal {
  reason: CallRefused['data']['reason'];
  detail: string;
  /** When it is worth trying again. */
  retry_after_seconds?: number;
}

/** Thrown while a call is accepted, so that the transaction leaves nothing of it. */
export class CallNotAccepted extends Error {
  override readonly name = 'CallNotAccepted';
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}

const DETAIL_LENGTH = 500;

/** What a request says of the call, before and after a plan was made. */
export type Known = Pick<
  CallRefused['data'],
  'call_id' | 'number_id' | 'from' | 'to' | 'caller_id' | 'target' | 'call_meta' | 'started_at' | 'trunk_test'
> & { organization_id: string };

export function knownOfWish(wish: CallWish, plan?: OutboundPlan): Known {
  const asked = requestOf({ ...wish.body, direction: 'outbound' }, wish.organization_id, wish.call_id);
  return {
    call_id: wish.call_id,
    organization_id: wish.organization_id,
    number_id: plan?.outcome === 'call' ? plan.number_id : null,
    from: asked.from,
    to: plan?.to ?? asked.to,
    caller_id: asked.caller_id,
    target: asked.target,
    call_meta: wish.body.call_meta,
    started_at: wish.requested_at,
  };
}

export function knownOfRequest(request: OriginateRequest): Known {
  const { call_id, organization_id, number_id, from, to, caller_id, target, call_meta, requested_at } = request;
  return {
    call_id,
    organization_id,
    number_id,
    from,
    to,
    caller_id,
    target,
    call_meta,
    started_at: requested_at,
  };
}

/** The call's only event. */
export function refusedEvent(
  known: Known,
  { reason, detail }: Refusal,
  written: { id: string; at: string; traceparent?: string | undefined },
): CallRefused {
  const { organization_id, call_meta, ...rest } = known;
  return {
    specversion: '1.0',
    id: written.id,
    source: 'trunk-service',
    type: 'CallRefused',
    subject: callSubject(organization_id, known.call_id),
    time: written.at,
    datacontenttype: 'application/json',
    ...(written.traceparent === undefined ? {} : { traceparent: written.traceparent }),
    data: {
      ...rest,
      organization_id,
      ...(call_meta === undefined ? {} : { call_meta }),
      bridge_id: null,
      trunk_id: null,
      direction: 'outbound',
      sip_call_id: null,
      source_address: null,
      reason,
      detail: detail.slice(0, DETAIL_LENGTH),
      ended_at: written.at,
    },
  };
}

const OVER = ['canceled', 'too-late', 'request-failed', 'inconclusive'] as const satisfies Refusal['reason'][];
const isOver = (reason: Refusal['reason']): reason is (typeof OVER)[number] => OVER.some((over) => over === reason);

/** The refusal as the API answers it, with the call as the call log names it. */
export function problemOfRefusal(callId: string, { reason, detail, retry_after_seconds }: Refusal): DomainError {
  const named = { call_id: callId, call_sid: callSid(callId) };
  const over = reason in OUTBOUND_LIMITS && retry_after_seconds !== undefined ? { retry_after_seconds } : {};
  return new DomainError(isOver(reason) ? 'call-ended' : reason, detail, [], { ...named, ...over });
}
