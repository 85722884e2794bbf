import type { CallAttemptFailed } from '@trunkmesh/contracts/call-attempts.js';
import type {
  CallAnswered,
  CallEnded,
  CallRejected,
  CallStarted,
  CallTransferFailed,
  CallTransferred,
} from '@trunkmesh/contracts/call.js';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
import type { CallAttempt, TransferResult } from '@trunkmesh/contracts/call-parts.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { TrunkTestRequest } from '@trunkmesh/contracts/trunk-test.js';
import type { InboundDecision } from '@trunkmesh/contracts/routing.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import type { CallRecordDraft } from '../call-record/call-record-file.js';
import { endReasonOf, told, type CallStory } from './call-story.js';
import type { HangupFacts } from './hangup-facts.js';
import type { InviteFacts } from './invite-facts.js';
import type { Refusal } from './refusal.js';
import { billableMs, microsecondsAfter } from './switch-times.js';

/** What every event of this bridge needs. `newId` returns UUIDv7s. */
export interface EventStamp {
  bridgeId: string;
  newId: () => string;
  traceparent: string | undefined;
}

export type Route = Extract<InboundDecision, { outcome: 'route' }>;
export type DecidedAt = CallStarted['data']['decided_at'];

const envelopeOf = <Type extends string>(type: Type, parties: CallParties, at: Date, stamp: EventStamp) => ({
  specversion: '1.0' as const,
  id: stamp.newId(),
  source: `trunkmesh/bridge/${stamp.bridgeId}`,
  type,
  subject: callSubject(parties.organization_id ?? 'unknown', parties.call_id),
  time: at.toISOString(),
  datacontenttype: 'application/json' as const,
  ...(stamp.traceparent === undefined ? {} : { traceparent: stamp.traceparent }),
});

function partiesOf(invite: InviteFacts, decision: InboundDecision, bridgeId: string): CallParties {
  const route = decision.outcome === 'route' ? decision : undefined;
  return {
    call_id: invite.callId,
    bridge_id: bridgeId,
    organization_id: decision.organization_id,
    trunk_id: decision.trunk_id,
    number_id: route?.number_id ?? null,
    direction: 'inbound',
    from: route?.caller ?? invite.fromUser,
    ...(invite.callerWithheld ? { caller_withheld: true } : {}),
    to: decision.number ?? (invite.requestUriUser || invite.toUser),
    sip_call_id: invite.sipCallId,
    source_address: invite.sourceAddress || null,
    started_at: invite.startedAt.toISOString(),
  };
}

export function callStarted(
  invite: InviteFacts,
  decision: Route,
  decidedAt: DecidedAt,
  stamp: EventStamp,
): CallStarted {
  const parties = partiesOf(invite, decision, stamp.bridgeId);
  const target = { kind: decision.target.kind, id: decision.target.id };
  return {
    ...envelopeOf('CallStarted', parties, invite.startedAt, stamp),
    data: { ...parties, decision, decided_at: decidedAt, target, invite: invite.captured },
  };
}

export const partiesOfStarted = ({ data }: CallStarted): CallParties => {
  const {
    decision: _decision,
    decided_at: _decidedAt,
    target: _target,
    invite: _invite,
    outbound: _outbound,
    ...parties
  } = data;
  return parties;
};

/** As if the call had begun with this trunk: the other events of the call are made from it. */
export const withTrunk = (started: CallStarted, trunkId: string | undefined): CallStarted =>
  trunkId === undefined ? started : { ...started, data: { ...started.data, trunk_id: trunkId } };

/** Of an outbound call. */
export function outboundStarted(request: OriginateRequest, at: Date, stamp: EventStamp): CallStarted {
  const { call_id, organization_id, number_id, from, to, target, requested_at, caller_id, call_meta } = request;
  const parties: CallParties = {
    call_id,
    bridge_id: stamp.bridgeId,
    organization_id,
    trunk_id: request.attempts[0]!.trunk_id,
    number_id,
    direction: 'outbound',
    from,
    to,
    sip_call_id: null,
    source_address: null,
    started_at: at.toISOString(),
  };
  const outbound = { requested_at, caller_id, ...(call_meta === undefined ? {} : { call_meta }) };
  return {
    ...envelopeOf('CallStarted', parties, at, stamp),
    data: { ...parties, decision: null, decided_at: 'routing-service', target, outbound },
  };
}

/** Of the call of a trunk's test: nobody takes it. `trunk_id` null: the settings are not saved. */
export function trunkTestStarted(
  test: Pick<TrunkTestRequest, 'test_id' | 'organization_id'> & {
    trunk_id: string | null;
    call: NonNullable<TrunkTestRequest['call']>;
    sipCallId: string;
  },
  at: Date,
  stamp: EventStamp,
): CallStarted {
  const { from, to, number_id = null } = test.call;
  const parties: CallParties = {
    call_id: test.test_id,
    bridge_id: stamp.bridgeId,
    organization_id: test.organization_id,
    trunk_id: test.trunk_id,
    number_id,
    direction: 'outbound',
    from,
    to,
    sip_call_id: test.sipCallId,
    source_address: null,
    started_at: at.toISOString(),
    trunk_test: true,
  };
  const outbound = { requested_at: at.toISOString(), caller_id: from };
  return {
    ...envelopeOf('CallStarted', parties, at, stamp),
    data: { ...parties, decision: null, decided_at: 'routing-service', target: null, outbound },
  };
}

export function callAttemptFailed(started: CallStarted, attempt: CallAttempt, stamp: EventStamp): CallAttemptFailed {
  const parties = { ...partiesOfStarted(started), trunk_id: attempt.trunk_id };
  const at = new Date(Date.parse(attempt.started_at) + attempt.duration_ms);
  return { ...envelopeOf('CallAttemptFailed', parties, at, stamp), data: { ...parties, attempt } };
}

export function callAnswered(started: CallStarted, at: Date, codec: string | null, stamp: EventStamp): CallAnswered {
  const parties = partiesOfStarted(started);
  return {
    ...envelopeOf('CallAnswered', parties, at, stamp),
    data: { ...parties, answered_at: at.toISOString(), codec },
  };
}

export function callTransferEnded(
  started: CallStarted,
  transfer: TransferResult,
  stamp: EventStamp,
): CallTransferred | CallTransferFailed {
  const parties = partiesOfStarted(started);
  const at = new Date(transfer.ended_at);
  if (transfer.outcome === 'transferred')
    return { ...envelopeOf('CallTransferred', parties, at, stamp), data: { ...parties, transfer } };
  return { ...envelopeOf('CallTransferFailed', parties, at, stamp), data: { ...parties, transfer } };
}

export function callEnded(
  started: CallStarted,
  hangup: HangupFacts,
  story: CallStory,
  stamp: EventStamp,
): CallRecordDraft['final'] {
  const parties = partiesOfStarted(started);
  const { answeredAt, endedAt, switchTimes, transferStatus: _transferStatus, rtp: _rtp, ...how } = hangup;
  const startedAt = new Date(parties.started_at);
  const after = switchTimes && microsecondsAfter({ startedAt, answeredAt, endedAt }, switchTimes);
  return {
    ...envelopeOf('CallEnded', parties, endedAt, stamp),
    data: {
      ...parties,
      ...how,
      answered_at: answeredAt?.toISOString() ?? null,
      ended_at: endedAt.toISOString(),
      billable_ms: billableMs({ answeredAt, endedAt }, after),
      ...(after === undefined ? {} : { microseconds: after }),
      target: started.data.target,
      end_reason: endReasonOf(story, hangup, parties.direction),
      recording: story.recording,
      transfer: story.transfer,
      ...told(story),
      ...(story.qualityCourse === null ? {} : { quality_course: story.qualityCourse }),
      ...(story.acknowledged === undefined ? {} : { acknowledged: story.acknowledged }),
    } satisfies Omit<CallEnded['data'], 'bridge_epoch' | 'record_number'>,
  };
}

/** The caller may have given up before: then 487 was sent. */
export const statusSent = (refusal: Refusal, hangupDisposition: string | null | undefined): number =>
  hangupDisposition === 'recv_cancel' ? 487 : refusal.sip_status;

/** A call that had started and could not be answered. */
export function callRejectedLater(
  started: CallStarted,
  { refusal, story }: { refusal: Refusal; story: CallStory },
  hangup: HangupFacts,
  stamp: EventStamp,
): CallRecordDraft['final'] {
  const parties = partiesOfStarted(started);
  return {
    ...envelopeOf('CallRejected', parties, hangup.endedAt, stamp),
    data: {
      ...parties,
      decision: refusal,
      decided_at: started.data.decided_at,
      reason: refusal.reason,
      sip_status: statusSent(refusal, hangup.hangup_disposition),
      ended_at: hangup.endedAt.toISOString(),
      invite: started.data.invite,
      ...told(story),
    } satisfies Omit<CallRejected['data'], 'bridge_epoch' | 'record_number'>,
  };
}

export function callRejected(
  invite: InviteFacts,
  refusal: Refusal,
  { decidedAt, endedAt, sipStatus }: { decidedAt: DecidedAt; endedAt: Date; sipStatus: number },
  stamp: EventStamp,
): CallRecordDraft['final'] {
  const parties = partiesOf(invite, refusal, stamp.bridgeId);
  return {
    ...envelopeOf('CallRejected', parties, endedAt, stamp),
    data: {
      ...parties,
      decision: refusal,
      decided_at: decidedAt,
      reason: refusal.reason,
      sip_status: sipStatus,
      ended_at: endedAt.toISOString(),
      invite: invite.captured,
    } satisfies Omit<CallRejected['data'], 'bridge_epoch' | 'record_number'>,
  };
}
