import { callSid } from '@trunkmesh/contracts/call-control.js';
import { NOT_KNOWN_YET, type CallDetail } from '@trunkmesh/contracts/call-log.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';

/** An accepted call that has no event yet, as its request says. */
export function requestedCall(request: OriginateRequest): CallDetail {
  const { call_id, from, to, caller_id, target, attempts, number_id, requested_at, call_meta } = request;
  return {
    ...NOTHING_YET,
    call_sid: callSid(call_id),
    call_id,
    from_number: from,
    to_number: to,
    assistant_id: target.kind === 'assistant' ? target.id : null,
    flow_id: target.kind === 'flow' ? target.id : null,
    trunk_id: attempts[0]!.trunk_id,
    number_id,
    started_at: requested_at,
    caller_id,
    timeline: [{ at: requested_at, what: 'queued', detail: null }],
    ...(call_meta === undefined ? {} : { call_meta }),
  };
}

const NOTHING_YET = {
  status: 'ongoing',
  direction: 'outbound',
  bridge_id: null,
  ...NOT_KNOWN_YET,
  sip_call_id: null,
  source_address: null,
  trace_id: null,
  invite: null,
  routing: null,
  decided_at: null,
  prewarm: null,
  audio: null,
  quality: null,
  quality_course: null,
  transfer: null,
  attempts: [],
  reconstructed: false,
} satisfies Partial<CallDetail>;
