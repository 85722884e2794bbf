import { z } from 'zod';
import { audioLog } from './audio.js';
import { callEndReason } from './call-end.js';
import { occurrence } from './envelope.js';
import { bridgeId, timestamp, uuid } from './scalar.js';
import { inboundDecision } from './routing.js';

/** What is known of a call from its first moment. `organization_id` null: a refused call that belongs to nobody. */
export const callParties = z.object({
  /** FreeSWITCH's channel UUID: one a leg, unique for ever. */
  call_id: uuid,
  bridge_id: bridgeId,
  organization_id: uuid.nullable(),
  trunk_id: uuid.nullable(),
  number_id: uuid.nullable(),
  direction: z.enum(['inbound', 'outbound']),
  /** E.164 where it could be brought to it, otherwise what the INVITE said. */
  from: z.string(),
  /** There (and true) where the caller asked not to be made known: `from` is for the platform alone. */
  caller_withheld: z.boolean().optional(),
  to: z.string(),
  sip_call_id: z.string().nullable(),
  source_address: z.string().nullable(),
  started_at: timestamp,
});
export type CallParties = z.infer<typeof callParties>;

/** Quality figures of FreeSWITCH's RTP statistics; null where it gave none. MOS 1.0–4.5, jitter in milliseconds. */
export const callQuality = z.object({
  mos: z.number().nullable(),
  quality_percentage: z.number().nullable(),
  jitter_min_ms: z.number().nullable(),
  jitter_max_ms: z.number().nullable(),
  packets_in: z.number().int().nullable(),
  packets_out: z.number().int().nullable(),
});

/**
 *  What of the INVITE is kept for whoever looks for the cause of something: never a credential, and cut where it is too
 *  long.
 */
export const capturedInvite = z.object({
  request_uri_user: z.string(),
  to_user: z.string(),
  from_user: z.string(),
  /** In the order of arrival, a header with several lines several times. Names as FreeSWITCH tells them: lower case. */
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** Lines or characters were left out for their number. */
  truncated: z.boolean(),
});
export type CapturedInvite = z.infer<typeof capturedInvite>;

/**
 *  What happened within a call, beside the events of its own. `what` is a constant in kebab-case; `detail` never holds
 *  a digit that was pressed, a URL or a secret.
 */
export const timelineEntry = z.object({
  at: timestamp,
  what: z.string().max(64),
  detail: z.string().max(500).nullable(),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

/** `failed`: no answer in time, an error, or a status that is not 2xx; the call went on without. */
export const prewarmResult = z.object({
  outcome: z.enum(['prewarmed', 'declined', 'failed', 'given-up']),
  ms: z.number().int().nonnegative(),
  detail: z.string().max(200).nullable(),
});
export type PrewarmResult = z.infer<typeof prewarmResult>;

/**
 *  Where the recording is, or will be. `location`: `s3://bucket/key` when it goes into a bucket, otherwise a file
 *  beside FreeSWITCH.
 */
export const callRecording = z.object({
  state: z.enum(['pending', 'stored', 'local', 'failed']),
  location: z.string().max(1024),
  bytes: z.number().int().nonnegative().nullable(),
  duration_ms: z.number().int().nonnegative().nullable(),
  /** Why there is none, where it failed. */
  detail: z.string().max(200).nullable(),
});
export type CallRecording = z.infer<typeof callRecording>;

/**
 * What became of a transfer by REFER. `transferred`: the NOTIFY said that the target answered (RFC 3515 §2.4.5; the 202
 * alone says nothing). `refused`: the REFER or the target was, and the call goes on. `indeterminate`: nobody said, and
 * the call goes on.
 */
export const transferResult = z.object({
  outcome: z.enum(['transferred', 'refused', 'indeterminate']),
  /** The SIP URI of Refer-To. */
  target: z.string().max(512),
  /** The status of the REFER, and the last one that a NOTIFY told of the target. */
  refer_status: z.number().int().nullable(),
  target_status: z.number().int().nullable(),
  requested_at: timestamp,
  ended_at: timestamp,
});
export type TransferResult = z.infer<typeof transferResult>;

/**
 *  What only the agent that had the call knows of it; absent in the records of older agents. One that died leaves what
 *  was on its disk: no audio log, and its last second may be missing.
 */
const story = {
  timeline: z.array(timelineEntry).max(500).optional(),
  prewarm: prewarmResult.nullable().optional(),
  /** Null: the call had no media stream. */
  audio: audioLog.nullable().optional(),
};

export const callStarted = occurrence(
  'CallStarted',
  callParties.extend({
    decision: inboundDecision.nullable(),
    /** `local`: routing did not answer in time and the agent's own copy decided. */
    decided_at: z.enum(['routing-service', 'local']),
    target: z.object({ kind: z.enum(['assistant', 'flow']), id: z.number().int() }).nullable(),
    invite: capturedInvite.optional(),
  }),
);

export const callAnswered = occurrence(
  'CallAnswered',
  callParties.extend({ answered_at: timestamp, codec: z.string().nullable() }),
);

/**
 * A finished call: the record that usage is made from. `bridge_epoch` and `record_number` number a bridge's records
 * from 1 without a gap, so that a missing one is seen; the epoch changes only when the bridge's disk was lost. Refused
 * calls carry a number as well, in CallRejected.
 */
const numbered = { bridge_epoch: uuid, record_number: z.number().int().positive() };

export const callRejected = occurrence(
  'CallRejected',
  callParties.extend({
    ...numbered,
    decision: inboundDecision.nullable(),
    decided_at: z.enum(['routing-service', 'local']),
    reason: z.string(),
    sip_status: z.number().int(),
    ended_at: timestamp,
    invite: capturedInvite.optional(),
    ...story,
  }),
);

export const callEnded = occurrence(
  'CallEnded',
  callParties.extend({
    ...numbered,
    answered_at: timestamp.nullable(),
    ended_at: timestamp,
    /** From answer to end, milliseconds; 0 for a call that was not answered. */
    billable_ms: z.number().int().nonnegative(),
    hangup_cause: z.string(),
    q850: z.number().int().nullable(),
    sip_status: z.number().int().nullable(),
    /** FreeSWITCH's `sip_hangup_disposition`: who ended it (`recv_bye`, `send_bye`, `recv_cancel` …). */
    hangup_disposition: z.string().nullable(),
    codec: z.string().nullable(),
    quality: callQuality.nullable(),
    target: z.object({ kind: z.enum(['assistant', 'flow']), id: z.number().int() }).nullable(),
    /**
     *  True where the end was reconstructed after the agent or FreeSWITCH died, so its time is the latest that is
     *  certain.
     */
    reconstructed: z.boolean(),
    /**
     * True: the caller has received the answer at the source address, because its ACK had FreeSWITCH's own To tag, and
     * the INVITE let no response go elsewhere. False: that was not seen. Absent: nobody looked, because the call could
     * prove nothing new, or the agent is older than this.
     */
    acknowledged: z.boolean().optional(),
    end_reason: callEndReason.optional(),
    recording: callRecording.nullable().optional(),
    transfer: transferResult.nullable().optional(),
    ...story,
  }),
);

/** The target of a transfer answered; the call ends with that. */
export const callTransferred = occurrence('CallTransferred', callParties.extend({ transfer: transferResult }));
/** The call goes on. */
export const callTransferFailed = occurrence('CallTransferFailed', callParties.extend({ transfer: transferResult }));
/** After the call's end: its recording has come to where it stays, or never will. */
export const callRecordingStored = occurrence('CallRecordingStored', callParties.extend({ recording: callRecording }));

export const callEvent = z.discriminatedUnion('type', [
  callStarted,
  callAnswered,
  callTransferred,
  callTransferFailed,
  callRejected,
  callEnded,
  callRecordingStored,
]);
export type CallEvent = z.infer<typeof callEvent>;

/** The types that this version knows. A later version may write others. */
export const CALL_EVENT_TYPES: ReadonlySet<string> = new Set(callEvent.options.map(({ shape }) => shape.type.value));

/** Whether the call is over when its last event is of this type. */
export const ENDS_CALL: Record<CallEvent['type'], boolean> = {
  CallStarted: false,
  CallAnswered: false,
  CallTransferred: false,
  CallTransferFailed: false,
  CallRejected: true,
  CallEnded: true,
  CallRecordingStored: true,
};

export type CallEnded = z.infer<typeof callEnded>;
export type CallRejected = z.infer<typeof callRejected>;
export type CallStarted = z.infer<typeof callStarted>;
export type CallAnswered = z.infer<typeof callAnswered>;
export type CallTransferred = z.infer<typeof callTransferred>;
export type CallTransferFailed = z.infer<typeof callTransferFailed>;
export type CallRecordingStored = z.infer<typeof callRecordingStored>;
/** The events that finish a call and carry a record number. */
export type NumberedCallEvent = CallEnded | CallRejected;
