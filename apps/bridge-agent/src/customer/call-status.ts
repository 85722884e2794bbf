import type { CallEndReason } from '@trunkmesh/contracts/call-end.js';
import type { CallStatus, CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import type { CallEnded, CallEvent, CallRefused, CallStarted } from '@trunkmesh/contracts/call.js';
import type { CallParties } from '@trunkmesh/contracts/call-parties.js';
import type { CallRecordDraft } from '../call-record/call-record-file.js';

/** A status without its sequence number. A call without an organisation has no statuses. */
export type StatusDraft = Omit<CallStatusBody, 'type' | 'sequence' | 'call_sid' | 'organization_id'> & {
  organization_id: string;
};

/** A change of a call that is reported. With `started`, the status also says whose call it is. */
export type StatusChange =
  | { what: 'initiated' | 'ringing' | 'transfer-started'; started: CallStarted; at: Date }
  | {
      what: 'event';
      event: Exclude<CallEvent, { type: 'CallEnded' | 'CallRejected' }> | CallRecordDraft['final'];
      started?: CallStarted;
    };

type UnnumberedEnd = Extract<CallRecordDraft['final'], { type: 'CallEnded' }>;
type UnnumberedRefusal = Extract<CallRecordDraft['final'], { type: 'CallRejected' }>;
type Target = CallEnded['data']['target'];

/** Undefined when the change is not reported to the platform. */
export function statusOfChange(change: StatusChange): StatusDraft | undefined {
  // The answer to the test says what became of its call.
  if ((change.what === 'event' ? change.event : change.started).data.trunk_test === true) return undefined;
  if (change.what !== 'event')
    return draft(change.started.data, change.started.data.target, {
      status: change.what,
      timestamp: change.at.toISOString(),
    });
  return ofEvent(change.event, change.started?.data.target ?? null);
}

type ChangeEvent = Extract<StatusChange, { what: 'event' }>['event'];
type Unreported = Extract<ChangeEvent, { type: keyof typeof UNREPORTED }>;

/** Reported by the call's end, which follows at once, or by its next attempt; `CallRefused`: `statusesOfRefused`. */
const UNREPORTED = {
  CallAttemptFailed: true,
  CallContinued: true,
  CallRefused: true,
  CallTransferred: true,
  CallRecordingStored: true,
} as const;
const isUnreported = (event: ChangeEvent): event is Unreported => event.type in UNREPORTED;

function ofEvent(event: ChangeEvent, target: Target): StatusDraft | undefined {
  if (isUnreported(event)) return undefined;
  switch (event.type) {
    case 'CallStarted':
      return draft(event.data, event.data.target, beginning(event.data));
    case 'CallAnswered':
      return draft(event.data, target, { status: 'answered', timestamp: event.data.answered_at });
    case 'CallTransferFailed':
      return draft(event.data, target, {
        status: 'transfer-failed',
        timestamp: event.data.transfer.ended_at,
        transfer: event.data.transfer,
      });
    case 'CallEnded':
      return ofEnd(event);
    case 'CallRejected':
      return ofRefusal(event, target);
  }
}

/** An outbound call is queued before anything is dialled. */
const beginning = ({ outbound, started_at }: CallStarted['data']): StatusFields =>
  outbound === undefined
    ? { status: 'initiated', timestamp: started_at }
    : { status: 'queued', timestamp: outbound.requested_at };

/** If both the caller and the network give a cause, the caller's counts. */
export function finalStatus({
  answered_at: answeredAt,
  end_reason: reason,
  transfer,
  ...hangup
}: HowEnded): CallStatus {
  const outbound = reason === undefined ? undefined : OUTBOUND[reason];
  if (outbound !== undefined) return outbound;
  if (answeredAt !== null)
    return reason === 'transferred' || transfer?.outcome === 'transferred' ? 'transferred' : 'completed';
  return hangup.hangup_disposition === 'recv_cancel' ? 'canceled' : (UNANSWERED.get(hangup.hangup_cause) ?? 'failed');
}

/** Also where the answer was on its way when the call was canceled: it was hung up at once. */
const OUTBOUND: Partial<Record<CallEndReason, CallStatus>> = {
  canceled: 'canceled',
  'called-party-busy': 'busy',
  'not-answered': 'no-answer',
};

type HowEnded = Pick<
  CallEnded['data'],
  'answered_at' | 'hangup_disposition' | 'hangup_cause' | 'end_reason' | 'transfer'
>;

/** FreeSWITCH's hang-up causes. */
const UNANSWERED: ReadonlyMap<string, CallStatus> = new Map([
  ['ORIGINATOR_CANCEL', 'canceled'],
  ['NO_ANSWER', 'no-answer'],
  ['NO_USER_RESPONSE', 'no-answer'],
  ['USER_BUSY', 'busy'],
]);

function ofEnd({ data }: UnnumberedEnd): StatusDraft | undefined {
  return draft(data, data.target, {
    status: finalStatus(data),
    timestamp: data.ended_at,
    duration_seconds: data.billable_ms / 1000,
    sip_status: data.sip_status,
    hangup_cause: data.hangup_cause,
    ...(data.end_reason === undefined ? {} : { end_reason: data.end_reason }),
    ...(data.transfer ? { transfer: data.transfer } : {}),
  });
}

function ofRefusal({ data }: UnnumberedRefusal, target: Target): StatusDraft | undefined {
  return draft(data, target, {
    status: refusedStatus(data),
    timestamp: data.ended_at,
    duration_seconds: 0,
    reason: data.reason,
    sip_status: data.sip_status,
  });
}

/** 487 was sent: the caller gave up before the refusal arrived. */
function refusedStatus({ reason, sip_status: sipStatus }: UnnumberedRefusal['data']): CallStatus {
  if (sipStatus === 487) return 'canceled';
  return reason === 'limit-reached' ? 'busy' : 'failed';
}

/** Of a call that ended before a bridge had it: nobody else reports it. */
export function statusesOfRefused({ data }: CallRefused): StatusDraft[] {
  const { started_at, ended_at, reason, target } = data;
  const queued = draft(data, target, { status: 'queued', timestamp: started_at });
  const status = reason === 'canceled' ? 'canceled' : 'failed';
  const final = draft(data, target, { status, timestamp: ended_at, duration_seconds: 0, reason });
  return [queued, final].filter((each) => each !== undefined);
}

type CallOwner = Pick<
  CallParties,
  'call_id' | 'organization_id' | 'trunk_id' | 'number_id' | 'direction' | 'from' | 'to' | 'caller_withheld'
>;
type StatusFields = Omit<StatusDraft, keyof CallOwner | 'from_number' | 'to_number' | 'assistant_id' | 'flow_id'>;

/** The user part of an INVITE can be as long as a message; a number is shorter. */
const NUMBER_LENGTH = 128;
/** Never cuts a character in half: many receivers reject such text and would refuse every status of the call. */
const shortened = (text: string): string => text.slice(0, NUMBER_LENGTH).replace(/[\ud800-\udbff]$/, '');

function draft(whose: CallOwner, target: Target, what: StatusFields): StatusDraft | undefined {
  if (whose.organization_id === null) return undefined;
  const { call_id, organization_id, trunk_id, number_id, direction, from, to } = whose;
  return {
    ...what,
    call_id,
    organization_id,
    trunk_id,
    number_id,
    direction,
    from_number: shortened(from),
    to_number: shortened(to),
    ...(whose.caller_withheld === true ? { caller_withheld: true } : {}),
    ...(target === null ? {} : target.kind === 'assistant' ? { assistant_id: target.id } : { flow_id: target.id }),
  };
}
