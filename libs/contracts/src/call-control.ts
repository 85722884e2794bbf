import { z } from 'zod';
import { qualityCourse, transferResult } from './call-parts.js';
import { uuid } from './scalar.js';

/**
 * Requests to the bridge that has a call (`trunkmesh.rpc.bridge.<bridge>.call.…`). `organization_id`: whose call the
 * caller of the API may touch.
 */
const ofCall = z.object({
  call_id: uuid.describe('The call, by its id.'),
  organization_id: uuid.describe('The organisation.'),
});

export const hangupRequest = ofCall.extend({
  in_advance: z
    .literal(true)
    .optional()
    .describe(
      'The request for the call may arrive after this one: the bridge does not take the call then. Absent: the ' +
        'bridge has the call, or never will.',
    ),
});
/** RFC 4733 digits, in order; `w` is a pause of half a second, `W` of one. */
export const dtmfRequest = ofCall.extend({
  digits: z
    .string()
    .regex(/^[\dA-Da-d*#wW]{1,64}$/, 'must be 1 to 64 of 0-9, *, #, A-D, w and W')
    .describe('Digits in order; `w` pauses half a second, `W` one second.'),
});
/** `to`: a number in E.164, which is sent to the trunk's own gateway, or a `sip:` URI. */
export const transferRequest = ofCall.extend({
  to: z.string().min(1).max(256).describe('The called number, in E.164 where it could be brought to it.'),
});
/** How good the audio of a call in progress has been so far. */
export const qualityRequest = ofCall;
export type QualityRequest = z.infer<typeof qualityRequest>;
export type HangupRequest = z.infer<typeof hangupRequest>;
export type DtmfRequest = z.infer<typeof dtmfRequest>;
export type TransferRequest = z.infer<typeof transferRequest>;

/** Why a bridge does not do what it was asked, with the HTTP status that the API gives. */
export const CALL_CONTROL_REFUSALS = {
  'invalid-request': 400,
  'call-not-found': 404,
  /** It rings still. */
  'call-not-answered': 409,
  'transfer-in-progress': 409,
  /** The organisation or the trunk may not call that country. */
  'destination-not-allowed': 403,
  /** FreeSWITCH did not take the command in time. */
  'switch-unavailable': 503,
} as const;
export type CallControlRefusal = keyof typeof CALL_CONTROL_REFUSALS;

const refused = z.object({
  outcome: z.literal('refused').describe('What became of the request.'),
  code: z
    .enum(Object.keys(CALL_CONTROL_REFUSALS) as [CallControlRefusal, ...CallControlRefusal[]])
    .describe('The reason as a constant, for programs.'),
  message: z.string().describe('What happened and what to do, in a sentence.'),
});
export type ControlRefused = z.infer<typeof refused>;
/** To a hang-up and to digits. */
export const callControlAnswer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('done').describe('What became of the request.') }),
  refused,
]);
export type CallControlAnswer = z.infer<typeof callControlAnswer>;
/** To a transfer: `ended` says how, whatever that was. */
export const transferAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('ended').describe('What became of the request.'),
    transfer: transferResult.describe('What became of the transfer.'),
  }),
  refused,
]);
export type TransferAnswer = z.infer<typeof transferAnswer>;

/** To a request for the quality so far. */
export const qualityAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('measured').describe('What became of the request.'),
    quality_course: qualityCourse
      .nullable()
      .describe('The intervals that are over, from the answer on; null: none is yet, or the call is not measured.'),
  }),
  refused,
]);
export type QualityAnswer = z.infer<typeof qualityAnswer>;

/** Every call of one organisation on the bridge is to end (`trunkmesh.rpc.bridge.<bridge>.calls.end`). */
export const endCallsRequest = z.object({
  organization_id: uuid.describe('The organisation.'),
  reason: z.enum(['organization-suspended']).describe('Why, as a constant.'),
});
export type EndCallsRequest = z.infer<typeof endCallsRequest>;
const callCount = z.number().int().nonnegative();
/** `ended`: calls that were up and have ended. `unconfirmed`: FreeSWITCH did not confirm their end in time. */
export const endCallsAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('done').describe('What became of the request.'),
    ended: callCount.describe('Calls that have ended.'),
    unconfirmed: callCount.describe('Calls whose end FreeSWITCH did not confirm in time.'),
  }),
  refused,
]);
export type EndCallsAnswer = z.infer<typeof endCallsAnswer>;
/** How long a bridge waits for FreeSWITCH, milliseconds. The asker waits a little longer. */
export const END_CALLS_DEADLINE_MS = 3_000;

/**
 * A transfer without an answer is `indeterminate` after this time, milliseconds. The asker waits a little longer.
 */
export const TRANSFER_DEADLINE_MS = 35_000;

/** A call's name towards the platform: `CA` and the 32 hexadecimal digits of its id. */
export const callSid = (callId: string): string => `CA${callId.replaceAll('-', '').toLowerCase()}`;

/** The call's id from its sid, or from the id itself; undefined where it is neither: not every 32 digits are a UUID. */
export function callIdOf(text: string): string | undefined {
  const digits = /^(?:CA)?([\da-f]{32})$/i.exec(text.replaceAll('-', ''))?.[1]?.toLowerCase();
  return uuid.safeParse(digits?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')).data;
}
