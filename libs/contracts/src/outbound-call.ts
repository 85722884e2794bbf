import { z } from 'zod';
import { callAttempt, timelineEntry } from './call-parts.js';
import { numberTarget } from './number.js';
import { plannedAttempt } from './outbound.js';
import { bridgeId, countryCode, e164, timestamp, uuid } from './scalar.js';

/** Bounds of what whoever starts a call gives for it. */
export const CALL_TEXT_LENGTH = 4_000;
export const CALL_VARIABLES = 64;
export const CALL_META_KEYS = 64;
export const CALL_META_LENGTH = 16_384;

const plainValue = z.union([z.string().max(CALL_TEXT_LENGTH), z.number(), z.boolean()]);

/** What whoever starts a call may say about it; the same by HTTP and as an event. */
export const callOptions = z.object({
  welcome_message: z
    .string()
    .max(CALL_TEXT_LENGTH)
    .optional()
    .describe('What the assistant says first. `{{name}}` is replaced from `variables`.'),
  agenda: z
    .string()
    .max(CALL_TEXT_LENGTH)
    .optional()
    .describe('What the call is about. `{{name}}` is replaced from `variables`.'),
  variables: z
    .record(z.string().min(1).max(64), plainValue)
    .refine((variables) => Object.keys(variables).length <= CALL_VARIABLES, `must be at most ${CALL_VARIABLES}`)
    .optional()
    .describe('Values for `welcome_message` and `agenda`, and for the assistant.'),
  call_meta: z
    .record(z.string().min(1).max(64), z.unknown())
    .refine((meta) => Object.keys(meta).length <= CALL_META_KEYS, `must have at most ${CALL_META_KEYS} keys`)
    .refine(
      (meta) => JSON.stringify(meta).length <= CALL_META_LENGTH,
      `must be at most ${CALL_META_LENGTH} characters as JSON`,
    )
    .optional()
    .describe(
      'Anything that the call log is to keep with the call: up to 64 keys of up to 64 characters, and 16,384 ' +
        'characters as JSON.',
    ),
  send_digits: z
    .string()
    .regex(/^[\dA-Da-d*#wW]{1,64}$/, 'must be 1 to 64 of 0-9, *, #, A-D, w and W')
    .optional()
    .describe('Digits to send once the call is answered; `w` pauses half a second, `W` one second.'),
  ring_timeout_seconds: z
    .number()
    .int()
    .min(5)
    .max(180)
    .optional()
    .describe("How long each attempt may ring, seconds. Absent: the trunk's own limit."),
  max_call_seconds: z
    .number()
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe('How long the call may last, seconds, within what is set for its calls. Absent: as set for its calls.'),
});
export type CallOptions = z.infer<typeof callOptions>;

/** What a bridge did for a call that it hands over: the next one goes on from there. */
export const continuedCall = z.object({
  from_bridge: bridgeId.describe('The bridge that had the call.'),
  after: z
    .number()
    .int()
    .nonnegative()
    .describe(
      "The sequence of the call's last event in the stream CALLS; 0: there is none. The call is taken only while " +
        'none follows.',
    ),
  started_at: timestamp.describe('When the call began.'),
  attempts: z.array(callAttempt).max(8).describe('The attempts that failed so far.'),
  statuses: z.number().int().nonnegative().describe('How many statuses of the call were written.'),
  initiated: z.boolean().describe('Whether something was dialled, so that the status `initiated` was written.'),
  timeline: z.array(timelineEntry).max(500).describe('Every step so far.'),
  closes: z
    .literal(true)
    .optional()
    .describe('The bridge of the call is gone: nothing is dialled, and the call is ended.'),
});
export type ContinuedCall = z.infer<typeof continuedCall>;

/** The bridges of a pool, which share the limits of its trunks by address while trunk-service does not answer. */
export const limitShare = z.object({
  bridges: z.number().int().positive().describe("How many bridges share the trunk's limits."),
  place: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('The place of the asking bridge among them, by their ids, from 1. Absent: it is not one of them.'),
});
export type LimitShare = z.infer<typeof limitShare>;

/**
 * Request `trunkmesh.rpc.bridge.<bridge>.call.originate`: the bridge owns the call from its answer `accepted` to its
 * end. `call_id` makes it idempotent: the bridge answers a repeated request as it did the first, and dials once.
 */
export const originateRequest = callOptions.extend({
  call_id: uuid.describe("The call, and FreeSWITCH's UUID of each attempt's channel."),
  organization_id: uuid.describe('The organisation that calls.'),
  number_id: uuid.describe('The phone number that calls, by its id.'),
  from: e164.describe('The phone number that calls.'),
  to: e164.describe('The number to call.'),
  country: countryCode.nullable().describe('The country of the called number; null: it belongs to none.'),
  caller_id: e164.describe('The number to show.'),
  target: numberTarget.pick({ kind: true, id: true }).describe('The assistant or flow that takes the call.'),
  attempts: z
    .array(plannedAttempt)
    .min(1)
    .max(8)
    .describe('The trunks to try, in this order, one at a time. One without `bridge_id` is dialled on this bridge.'),
  requested_at: timestamp.describe('When the call was requested.'),
  dial_until: timestamp.describe('Nothing is dialled after this time: a request that arrives late must not ring.'),
  share: limitShare
    .optional()
    .describe(
      'The bridges of the pool of the bridge that is asked. Absent: trunk-service is older, or it is continued.',
    ),
  continued: continuedCall
    .optional()
    .describe("Another bridge tried its own trunks and hands the call over. Absent: it is the call's first bridge."),
});
export type OriginateRequest = z.infer<typeof originateRequest>;

/** Why a bridge does not take a call. Nothing was dialled, and nothing will be. */
export const originateRefusal = z.enum([
  'invalid-request',
  'bridge-stopping',
  'bridge-full',
  'call-not-recordable',
  'settings-not-known',
  'switch-unavailable',
  'too-late',
  /** Its end was requested before it arrived. */
  'canceled',
  'continued-elsewhere',
]);
export type OriginateRefusal = z.infer<typeof originateRefusal>;

export const originateAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('accepted').describe('The bridge has the call and will report its end.') }),
  z.object({
    outcome: z.literal('refused').describe('Nothing was dialled.'),
    code: originateRefusal.describe('The reason as a constant, for programs.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  }),
]);
export type OriginateAnswer = z.infer<typeof originateAnswer>;

/**
 * Request `trunkmesh.rpc.bridge.<bridge>.call.refused`, with the event CallRefused: the bridge delivers the statuses of
 * a call that no bridge had, and answers as `call.originate`. A repeated request changes nothing.
 */

/** How long a bridge takes at most to answer `call.originate`, milliseconds: it writes the call to its disk. */
export const ORIGINATE_DEADLINE_MS = 5_000;

/** A place in the queue of a trunk is kept for so long without a question. */
export const QUEUE_KEPT_SECONDS = 10;

/**
 * Request `trunkmesh.rpc.outbound.permit`, to trunk-service, before each attempt over a trunk with limits: may it be
 * dialled now? First in, first out per trunk, across all bridges. `wait`: ask again after that time, by the same
 * `call_id` and `attempt`; a place in the queue is kept for ten seconds without a question.
 */
export const permitRequest = z.object({
  call_id: uuid.describe('The call.'),
  attempt: z.number().int().positive().describe('Counts the attempts of the call from 1.'),
  organization_id: uuid.describe('The organisation.'),
  trunk_id: uuid.describe('The trunk.'),
  bridge_id: bridgeId.describe('The bridge that would dial.'),
  channels: z
    .number()
    .int()
    .nonnegative()
    .describe('Channels of the trunk that inbound calls use on this bridge; those of the other bridges count, too.'),
});
export type PermitRequest = z.infer<typeof permitRequest>;

export const permitAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('granted').describe('Dial now. The channel is taken until `release`, or the end of the call.'),
    ...limitShare.shape,
  }),
  z.object({
    outcome: z.literal('wait').describe('The limit is reached.'),
    retry_after_ms: z.number().int().positive().describe('When to ask again, milliseconds.'),
    position: z.number().int().positive().describe('The place in the queue, from 1.'),
    ...limitShare.shape,
  }),
  z.object({
    outcome: z.literal('refused').describe('It must not be dialled.'),
    reason: z.enum(['invalid-request', 'queue-full', 'unavailable']).describe('Why, as a constant.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  }),
]);
export type PermitAnswer = z.infer<typeof permitAnswer>;

/** Request `trunkmesh.rpc.outbound.release`: the attempt is over, and its channel is free. Idempotent. */
export const releaseRequest = permitRequest.pick({ call_id: true, attempt: true, trunk_id: true });
export type ReleaseRequest = z.infer<typeof releaseRequest>;

/**
 * Request `trunkmesh.rpc.outbound.canceled`, to trunk-service, from a bridge that ends what the process before left
 * ringing: a cancel that arrived meanwhile is why the call ends. What cannot be looked up is not among them.
 */
export const canceledRequest = z.object({
  call_ids: z.array(uuid).min(1).max(10_000).describe('The calls.'),
});
export type CanceledRequest = z.infer<typeof canceledRequest>;
export const canceledAnswer = z.object({
  canceled: z.array(uuid).describe('Of these calls, those whose end the API requested.'),
});
export type CanceledAnswer = z.infer<typeof canceledAnswer>;
