import { z } from 'zod';
import { audioLog } from './audio.js';
import { callEndReason } from './call-end.js';
import {
  callParties,
  callQuality,
  callRecording,
  capturedInvite,
  prewarmResult,
  timelineEntry,
  transferResult,
} from './call.js';
import { inboundDecision } from './routing.js';
import { timestamp, uuid } from './scalar.js';

/** `ongoing`: no end is known; `completed`: answered and ended; `failed`: refused, or ended before an answer. */
export const callLogStatus = z.enum(['ongoing', 'completed', 'failed']);

/**
 *  Request `trunkmesh.rpc.calls.list`. All that is given combines with AND; times and durations (seconds from the
 *  answer to the end) are inclusive. Newest first.
 */
export const callLogQuery = z.object({
  organization_id: uuid,
  skip: z.number().int().min(0).max(1_000_000).default(0),
  limit: z.number().int().min(1).max(1000).default(100),
  status: callLogStatus.optional(),
  direction: z.enum(['inbound', 'outbound']).optional(),
  assistant_id: z.number().int().optional(),
  /** Any of these; none at all where the array is empty. */
  assistant_ids: z.array(z.number().int()).max(10_000).optional(),
  flow_id: z.number().int().optional(),
  trunk_id: uuid.optional(),
  number_id: uuid.optional(),
  /** Part of the other party's number, in any case; one that begins with `+` is the number's beginning. */
  customer_phone: z.string().max(64).optional(),
  call_id: uuid.optional(),
  /** Part of the call's sid or id; case and hyphens do not count. */
  call_sid: z.string().max(64).optional(),
  date_from: timestamp.optional(),
  date_to: timestamp.optional(),
  min_duration: z.number().min(0).optional(),
  max_duration: z.number().min(0).optional(),
});
export type CallLogQuery = z.infer<typeof callLogQuery>;

/** Request `trunkmesh.rpc.calls.get`. */
export const callLogGet = z.object({ organization_id: uuid, call_id: uuid });
export type CallLogGet = z.infer<typeof callLogGet>;

export const callSummary = z.object({
  call_sid: z.string(),
  call_id: uuid,
  status: callLogStatus,
  direction: callParties.shape.direction,
  from_number: z.string(),
  to_number: z.string(),
  assistant_id: z.number().int().nullable(),
  flow_id: z.number().int().nullable(),
  trunk_id: uuid.nullable(),
  number_id: uuid.nullable(),
  bridge_id: z.string(),
  started_at: timestamp,
  answered_at: timestamp.nullable(),
  ended_at: timestamp.nullable(),
  /** From answer to end, seconds with milliseconds; null while it goes on. */
  duration_seconds: z.number().nullable(),
  /** Who ended it and why; null while it goes on, and where nobody knows. */
  ended_by: z.enum(['caller', 'assistant', 'platform', 'bridge', 'unknown']).nullable(),
  end_reason: callEndReason.nullable(),
  /** Of a refused call: the reason of contracts/routing.ts. */
  refusal: z.string().nullable(),
  hangup_cause: z.string().nullable(),
  sip_status: z.number().int().nullable(),
  codec: z.string().nullable(),
  /** 1.0 to 4.5. */
  mos: z.number().nullable(),
  recording: callRecording.nullable(),
  transferred_to: z.string().nullable(),
  /** The carrier's bill is the customer's own. */
  carrier_cost: z.literal('external'),
  /** There (and true) where the caller asked not to be made known: show `from_number` to nobody else. */
  caller_withheld: callParties.shape.caller_withheld,
});
export type CallSummary = z.infer<typeof callSummary>;

/** Everything that is known of one call. */
export const callDetail = callSummary.extend({
  sip_call_id: z.string().nullable(),
  source_address: z.string().nullable(),
  /** Every event and every step within the call, by its time. */
  timeline: z.array(timelineEntry),
  invite: capturedInvite.nullable(),
  /** How the called number was found, source by source. */
  routing: inboundDecision.nullable(),
  decided_at: z.enum(['routing-service', 'local']).nullable(),
  prewarm: prewarmResult.nullable(),
  audio: audioLog.nullable(),
  quality: callQuality.nullable(),
  transfer: transferResult.nullable(),
  /** The end's time is the latest that is certain: the agent or FreeSWITCH had died. */
  reconstructed: z.boolean(),
});
export type CallDetail = z.infer<typeof callDetail>;

const failed = z.object({
  outcome: z.literal('error'),
  code: z.enum(['invalid-request', 'unavailable']),
  message: z.string(),
});
/**
 *  `calls` are fewer than `limit` allows where a message would grow too large: while `total` says that there are more,
 *  the rest is asked for with `skip`.
 */
export const callLogListAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('list'), calls: z.array(callSummary), total: z.number().int().nonnegative() }),
  failed,
]);
export const callLogGetAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('call'), call: callDetail }),
  z.object({ outcome: z.literal('not-found') }),
  failed,
]);
export type CallLogListAnswer = z.infer<typeof callLogListAnswer>;
export type CallLogGetAnswer = z.infer<typeof callLogGetAnswer>;
