import { z } from 'zod';
import { audioLog } from './audio.js';
import { CALL_ENDERS, callEndReason } from './call-end.js';
import { callParties } from './call-parties.js';
import {
  callAttempt,
  callCarrier,
  callQuality,
  callRecording,
  capturedInvite,
  prewarmResult,
  qualityCourse,
  timelineEntry,
  transferResult,
} from './call-parts.js';
import { inboundDecision } from './routing.js';
import { e164, timestamp, uuid } from './scalar.js';

/** `ongoing`: no end is known; `completed`: answered and ended; `failed`: refused, or ended before an answer. */
export const callLogStatus = z.enum(['ongoing', 'completed', 'failed']);

/**
 * Request `trunkmesh.rpc.calls.list`. All that is given combines with AND; times and durations (seconds from the
 * answer to the end) are inclusive. Newest first.
 */
export const callLogQuery = z.object({
  organization_id: uuid.describe('The organisation.'),
  skip: z.number().int().min(0).max(1_000_000).default(0).describe('How many to pass over.'),
  limit: z.number().int().min(1).max(1000).default(100).describe('How many to answer at most.'),
  status: callLogStatus.optional().describe('The state.'),
  direction: z
    .enum(['inbound', 'outbound'])
    .optional()
    .describe('`inbound`: the other party called. `outbound`: the platform called.'),
  assistant_id: z.number().int().optional().describe('The assistant.'),
  assistant_ids: z
    .array(z.number().int())
    .max(10_000)
    .optional()
    .describe('Any of these; none at all where the array is empty.'),
  flow_id: z.number().int().optional().describe('The flow.'),
  trunk_id: uuid.optional().describe('The trunk.'),
  number_id: uuid.optional().describe("The organisation's phone number, by its id."),
  customer_phone: z
    .string()
    .max(64)
    .optional()
    .describe("Part of the other party's number, in any case; one that begins with `+` is the number's beginning."),
  call_id: uuid.optional().describe('The call, by its id.'),
  call_sid: z.string().max(64).optional().describe("Part of the call's sid or id; case and hyphens do not count."),
  date_from: timestamp.optional().describe('From this time on.'),
  date_to: timestamp.optional().describe('Until this time, included.'),
  min_duration: z.number().min(0).optional().describe('Seconds from the answer to the end, at least.'),
  max_duration: z.number().min(0).optional().describe('Seconds from the answer to the end, at most.'),
});
export type CallLogQuery = z.infer<typeof callLogQuery>;

/** Request `trunkmesh.rpc.calls.get`. */
export const callLogGet = z.object({
  organization_id: uuid.describe('The organisation.'),
  call_id: uuid.describe('The call, by its id.'),
});
export type CallLogGet = z.infer<typeof callLogGet>;

export const callSummary = z.object({
  call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
  call_id: uuid.describe('The call, by its id.'),
  status: callLogStatus.describe(
    '`ongoing`: no end is known. `completed`: answered and ended. `failed`: refused, or ended before an answer.',
  ),
  direction: callParties.shape.direction.describe(
    '`inbound`: the other party called. `outbound`: the platform called.',
  ),
  from_number: z.string().describe('The calling number.'),
  to_number: z.string().describe('The called number.'),
  assistant_id: z.number().int().nullable().describe('The assistant; null where a flow takes the call.'),
  flow_id: z.number().int().nullable().describe('The flow; null where an assistant takes the call.'),
  trunk_id: uuid.nullable().describe('The trunk; null where none is known.'),
  number_id: uuid.nullable().describe("The organisation's phone number, by its id; null where none is known."),
  bridge_id: z.string().nullable().describe('The bridge; null: the call was refused before a bridge had it.'),
  started_at: timestamp.describe('When the call began.'),
  answered_at: timestamp.nullable().describe('When the call was answered; null where it was not.'),
  ended_at: timestamp.nullable().describe('When the call ended; null while it goes on.'),
  duration_seconds: z.number().nullable().describe('Seconds from the answer to the end; null while the call goes on.'),
  ended_by: z
    .enum(CALL_ENDERS)
    .nullable()
    .describe('Who ended the call; null while it goes on, and where nobody knows.'),
  end_reason: callEndReason.nullable().describe('Why the call ended; null while it goes on, and where nobody knows.'),
  refusal: z.string().nullable().describe('Why the call was refused; null where it was not.'),
  hangup_cause: z
    .string()
    .nullable()
    .describe("FreeSWITCH's cause of the hang-up, for example NORMAL_CLEARING; null while the call goes on."),
  sip_status: z.number().int().nullable().describe('The SIP status of the answer; null where there was none.'),
  codec: z.string().nullable().describe('The codec of the call; null where it is not known.'),
  mos: z.number().nullable().describe('Mean opinion score, 1.0 to 4.5; null where it was not measured.'),
  recording: callRecording.nullable().describe('The recording; null where the call has none.'),
  transferred_to: z.string().nullable().describe('Where the call was transferred to; null where it was not.'),
  carrier_cost: callCarrier.describe(
    '`external`: the carrier bills the organisation directly. `managed`: the call went over a carrier of the ' +
      'platform, which is known at its end.',
  ),
  caller_withheld: callParties.shape.caller_withheld.describe(
    'Present and true where the caller withheld the number: show `from_number` to nobody.',
  ),
  trunk_test: callParties.shape.trunk_test,
  call_meta: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What whoever started the call gave for the call log. Absent: nothing.'),
});
export type CallSummary = z.infer<typeof callSummary>;

/** What is not known of a call before its answer and end, in the order of the summary. */
export const NOT_KNOWN_YET = {
  answered_at: null,
  ended_at: null,
  duration_seconds: null,
  ended_by: null,
  end_reason: null,
  refusal: null,
  hangup_cause: null,
  sip_status: null,
  codec: null,
  mos: null,
  recording: null,
  transferred_to: null,
  carrier_cost: 'external',
} as const satisfies Partial<CallSummary>;

/** Everything that is known of one call. */
export const callDetail = callSummary.extend({
  sip_call_id: z.string().nullable().describe("The INVITE's Call-ID; null where it is not known."),
  source_address: z.string().nullable().describe('The address that the call came from; null where it is not known.'),
  trace_id: z
    .string()
    .regex(/^[\da-f]{32}$/)
    .nullable()
    .default(null)
    .describe("The call's trace (W3C Trace Context); null: the call was not traced."),
  timeline: z.array(timelineEntry).describe('Every event and every step within the call, by its time.'),
  invite: capturedInvite.nullable().describe('The INVITE of the call; null where it was not captured.'),
  routing: inboundDecision
    .nullable()
    .describe('How the called number was found, source by source; null: nothing was decided.'),
  decided_at: z
    .enum(['routing-service', 'local'])
    .nullable()
    .describe(
      'Who decided: `routing-service`, or the agent itself (`local`) for want of an answer in time; null: nobody.',
    ),
  prewarm: prewarmResult.nullable().describe('What the prewarm request brought; null where none was sent.'),
  audio: audioLog.nullable().describe('What became of the audio; null where the call had no media stream.'),
  quality: callQuality.nullable().describe('How good the audio was; null where it was not measured.'),
  quality_course: qualityCourse
    .nullable()
    .default(null)
    .describe(
      'How the quality changed from the answer to the end; null while the call goes on, where nobody measured it, ' +
        'and of bridges before their upgrade.',
    ),
  transfer: transferResult.nullable().describe('What became of the transfer; null where there was none.'),
  caller_id: e164.nullable().describe('The number that an outbound call showed; null: the call is inbound.'),
  attempts: z
    .array(callAttempt)
    .describe('The attempts of an outbound call, in order; empty where nothing was dialled.'),
  reconstructed: z
    .boolean()
    .describe(
      'True: the bridge or FreeSWITCH failed during the call, and `ended_at` is the latest time that is certain.',
    ),
});
export type CallDetail = z.infer<typeof callDetail>;

const failed = z.object({
  outcome: z.literal('error').describe('What became of the request.'),
  code: z.enum(['invalid-request', 'unavailable']).describe('The reason as a constant, for programs.'),
  message: z.string().describe('What happened and what to do, in a sentence.'),
});
/**
 * `calls` are fewer than `limit` allows where a message would grow too large: while `total` says that there are more,
 * the rest is asked for with `skip`.
 */
export const callLogListAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('list').describe('What became of the request.'),
    calls: z.array(callSummary).describe('The calls.'),
    total: z.number().int().nonnegative().describe('How many match, on all pages.'),
  }),
  failed,
]);
export const callLogGetAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('call').describe('What became of the request.'),
    call: callDetail.describe('The call.'),
  }),
  z.object({ outcome: z.literal('not-found').describe('What became of the request.') }),
  failed,
]);
export type CallLogListAnswer = z.infer<typeof callLogListAnswer>;
export type CallLogGetAnswer = z.infer<typeof callLogGetAnswer>;
