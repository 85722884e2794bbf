import { z } from 'zod';
import { audioLog } from './audio.js';
import { callAttemptFailed, callContinued } from './call-attempts.js';
import { callEndReason } from './call-end.js';
import {
  callAttempt,
  callCarrier,
  callMeasures,
  callRecording,
  capturedInvite,
  outboundFacts,
  prewarmResult,
  timelineEntry,
  transferResult,
} from './call-parts.js';
import { callParties } from './call-parties.js';
import { callRefusedReason } from './call-refusal.js';
import { callMicroseconds } from './call-times.js';
import { occurrence } from './envelope.js';
import { e164, timestamp, uuid } from './scalar.js';
import { inboundDecision } from './routing.js';

/**
 * What only the agent that had the call knows of it; absent in the records of older agents. One that died leaves what
 * was on its disk: no audio log, and its last second may be missing.
 */
const story = {
  timeline: z.array(timelineEntry).max(500).optional().describe('Every step within the call, by its time.'),
  prewarm: prewarmResult.nullable().optional().describe('What the prewarm request brought; null where none was sent.'),
  audio: audioLog.nullable().optional().describe('What became of the audio; null: the call had no media stream.'),
  attempts: z
    .array(callAttempt)
    .max(8)
    .optional()
    .describe('The attempts of an outbound call, in order. Absent: the call is inbound.'),
};

export const callStarted = occurrence(
  'CallStarted',
  callParties.extend({
    decision: inboundDecision.nullable().describe('The routing decision; null where there was none.'),
    decided_at: z
      .enum(['routing-service', 'local'])
      .describe("`local`: routing did not answer in time and the agent's own copy decided."),
    target: z
      .object({
        kind: z.enum(['assistant', 'flow']).describe('Whether it is an assistant or a flow.'),
        id: z.number().int().describe('The id.'),
      })
      .nullable()
      .describe('The assistant or flow that takes the calls; null: none.'),
    invite: capturedInvite.optional().describe('The INVITE of the call. Absent: it was not captured.'),
    outbound: outboundFacts.optional().describe('What was asked of an outbound call. Absent: the call is inbound.'),
  }),
);

/**
 * An outbound call that was refused before a bridge had it: nothing was dialled. Written by trunk-service, and the
 * call's only event; of an `inconclusive` test its bridge may report the true end later, which counts.
 */
export const callRefused = occurrence(
  'CallRefused',
  callParties.extend({
    bridge_id: z.null().describe('Always null: no bridge had the call.'),
    organization_id: uuid.describe('The organisation.'),
    reason: callRefusedReason.describe(
      'Why, as a constant; `canceled`: the API canceled it before a bridge had it. `too-late`: its request ' +
        'was read when it was no longer to be dialled. `request-failed`: its request failed each time it was read. ' +
        "`inconclusive`: the bridge reported nothing of a trunk's test call, which it may have placed.",
    ),
    detail: z.string().max(500).describe('What was found, in a sentence.'),
    caller_id: e164.nullable().describe('The number that was to be shown; null: `from`.'),
    target: z
      .object({
        kind: z.enum(['assistant', 'flow']).describe('Whether it is an assistant or a flow.'),
        id: z.number().int().describe('The id.'),
      })
      .nullable()
      .describe('The assistant or flow that was to take the call; null: that of the number.'),
    call_meta: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('What whoever started the call gave for the call log. Absent: nothing.'),
    ended_at: timestamp.describe('When the call was refused.'),
  }),
);

export const callAnswered = occurrence(
  'CallAnswered',
  callParties.extend({
    answered_at: timestamp.describe('When the call was answered.'),
    codec: z.string().nullable().describe('The codec of the call; null where it is not known.'),
  }),
);

/**
 * A finished call, which the usage record is made from. `bridge_epoch` and `record_number` number a bridge's records
 * from 1 without a gap, so that a missing one is seen; the epoch changes only when the bridge's disk was lost. Refused
 * calls carry a number as well, in CallRejected.
 */
const numbered = {
  bridge_epoch: uuid.describe(
    'Changes only when the bridge lost its disk; numbers begin at 1 in each epoch. The id of the call: the bridge ' +
      'was lost, and billing-observer ended the call.',
  ),
  record_number: z
    .number()
    .int()
    .positive()
    .describe("Numbers a bridge's records from 1 without a gap, so that a missing one is seen."),
};

export const callRejected = occurrence(
  'CallRejected',
  callParties.extend({
    ...numbered,
    decision: inboundDecision.nullable().describe('The routing decision; null where there was none.'),
    decided_at: z
      .enum(['routing-service', 'local'])
      .describe(
        'Who decided: `routing-service`, or the agent itself (`local`) because routing did not answer in time.',
      ),
    reason: z.string().describe('Why, as a constant.'),
    sip_status: z.number().int().describe('The SIP status of the answer.'),
    ended_at: timestamp.describe('When the call ended.'),
    invite: capturedInvite.optional().describe('The INVITE of the call. Absent: it was not captured.'),
    ...story,
  }),
);

export const callEnded = occurrence(
  'CallEnded',
  callParties.extend({
    ...numbered,
    answered_at: timestamp.nullable().describe('When the call was answered; null where it was not.'),
    ended_at: timestamp.describe('When the call ended.'),
    billable_ms: z
      .number()
      .int()
      .nonnegative()
      .describe('From answer to end, milliseconds, a begun one counts whole; 0 for a call without an answer.'),
    microseconds: callMicroseconds.optional(),
    carrier: callCarrier
      .optional()
      .describe('`managed`: over a carrier of the platform. Absent: `external`, over a trunk of the organisation.'),
    hangup_cause: z.string().describe("FreeSWITCH's cause of the hang-up, for example NORMAL_CLEARING."),
    q850: z.number().int().nullable().describe('The Q.850 cause; null where there is none.'),
    sip_status: z.number().int().nullable().describe('The SIP status of the answer; null where there was none.'),
    hangup_disposition: z
      .string()
      .nullable()
      .describe(
        "FreeSWITCH's `sip_hangup_disposition`: who ended the call (`recv_bye`, `send_bye`, " +
          '`recv_cancel` …); null where unknown.',
      ),
    codec: z.string().nullable().describe('The codec of the call; null where it is not known.'),
    ...callMeasures,
    target: z
      .object({
        kind: z.enum(['assistant', 'flow']).describe('Whether it is an assistant or a flow.'),
        id: z.number().int().describe('The id.'),
      })
      .nullable()
      .describe('The assistant or flow that takes the calls; null: none.'),
    reconstructed: z
      .boolean()
      .describe(
        'True: the agent or FreeSWITCH failed during the call, and `ended_at` is the latest time that is certain.',
      ),
    acknowledged: z
      .boolean()
      .optional()
      .describe(
        'True: the caller received the answer at the source address (its ACK had the To tag). False: ' +
          'that was not seen. Absent: not checked.',
      ),
    end_reason: callEndReason
      .optional()
      .describe('Why the call ended. Absent where nobody knows, and in the records of older agents.'),
    recording: callRecording.nullable().optional().describe('The recording; null where the call has none.'),
    transfer: transferResult.nullable().optional().describe('What became of the transfer; null where there was none.'),
    ...story,
  }),
);

/** The target of a transfer answered; the call ends with that. */
export const callTransferred = occurrence(
  'CallTransferred',
  callParties.extend({
    transfer: transferResult.describe('What became of the transfer.'),
  }),
);
/** The call goes on. */
export const callTransferFailed = occurrence(
  'CallTransferFailed',
  callParties.extend({
    transfer: transferResult.describe('What became of the transfer.'),
  }),
);
/** After the call's end: its recording has come to where it stays, or never will. */
export const callRecordingStored = occurrence(
  'CallRecordingStored',
  callParties.extend({
    recording: callRecording.describe('The recording.'),
  }),
);

export const callEvent = z.discriminatedUnion('type', [
  callRefused,
  callStarted,
  callAttemptFailed,
  callContinued,
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
  CallRefused: true,
  CallStarted: false,
  CallAttemptFailed: false,
  CallContinued: false,
  CallAnswered: false,
  CallTransferred: false,
  CallTransferFailed: false,
  CallRejected: true,
  CallEnded: true,
  CallRecordingStored: true,
};

export type CallEnded = z.infer<typeof callEnded>;
export type CallRejected = z.infer<typeof callRejected>;
export type CallRefused = z.infer<typeof callRefused>;
export type CallStarted = z.infer<typeof callStarted>;
export type CallAnswered = z.infer<typeof callAnswered>;
export type CallTransferred = z.infer<typeof callTransferred>;
export type CallTransferFailed = z.infer<typeof callTransferFailed>;
export type CallRecordingStored = z.infer<typeof callRecordingStored>;
/** The events that finish a call and carry a record number. */
export type NumberedCallEvent = CallEnded | CallRejected;
