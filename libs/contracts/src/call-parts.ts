import { z } from 'zod';
import type { ReasonClass } from './reason.js';
import { bridgeId, e164, timestamp, uuid } from './scalar.js';

/**
 * Whose contract the carrier of a call is. `external`: the organisation's own, which bills it directly. `managed`: the
 * platform's; such calls are published by the service that placed them, and the ledger keeps them apart.
 */
export const callCarrier = z.enum(['external', 'managed']);
export type CallCarrier = z.infer<typeof callCarrier>;

/** What was asked of an outbound call. */
export const outboundFacts = z.object({
  requested_at: timestamp.describe('When the call was requested.'),
  caller_id: e164.describe('The number that is shown.'),
  call_meta: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What whoever started the call gave for the call log. Absent: nothing.'),
});

/** Quality figures of FreeSWITCH's RTP statistics; null where it gave none. MOS 1.0–4.5, jitter in milliseconds. */
export const callQuality = z
  .object({
    mos: z.number().nullable().describe('Mean opinion score, 1.0 to 4.5; null where it was not measured.'),
    quality_percentage: z.number().nullable().describe("FreeSWITCH's quality in percent; null where it gave none."),
    jitter_min_ms: z.number().nullable().describe('The lowest jitter, milliseconds; null where it was not measured.'),
    jitter_max_ms: z.number().nullable().describe('The highest jitter, milliseconds; null where it was not measured.'),
    packets_in: z.number().int().nullable().describe('RTP packets received; null where unknown.'),
    packets_out: z.number().int().nullable().describe('RTP packets sent; null where unknown.'),
  })
  .meta({ id: 'CallQuality' });

/** So many intervals a call's quality has at most; longer calls have longer intervals. */
export const QUALITY_INTERVALS = 120;

const perInterval = <Value extends z.ZodType>(value: Value) => z.array(value).max(QUALITY_INTERVALS);
const count = z.number().int().nonnegative();

/**
 * How the quality of a call's audio changed, from its answer to its end. Each array has one value an interval, at most
 * `QUALITY_INTERVALS`. FreeSWITCH reports jitter for the whole call only, so there is none here.
 */
export const qualityCourse = z
  .object({
    interval_seconds: count
      .positive()
      .describe('How long an interval is, in seconds. The last one ends with the call: it is mostly shorter.'),
    mos: perInterval(z.number().min(1).max(4.5).nullable()).describe(
      "Mean opinion score of the other party's audio, 1.0 to 4.5, by FreeSWITCH's formula from the packets and " +
        'flaws of the interval. `null`: nothing was received, or FreeSWITCH did not answer.',
    ),
    packets_in: perInterval(count.nullable()).describe(
      'RTP packets received. `null`: FreeSWITCH did not answer, and the next value includes them.',
    ),
    flaws: perInterval(count.nullable()).describe(
      "FreeSWITCH's count of flaws: lost packets, more for several in a row, and times without any packet. `null`: " +
        'FreeSWITCH did not answer, and the next value includes them.',
    ),
    gaps: perInterval(count).describe("Gaps in the assistant's speech because its audio came too late."),
  })
  .meta({ id: 'QualityCourse' });
export type QualityCourse = z.infer<typeof qualityCourse>;

/** What was measured of an ended call's audio. */
export const callMeasures = {
  quality: callQuality.nullable().describe('How good the audio was; null where it was not measured.'),
  quality_course: qualityCourse
    .optional()
    .describe('How the quality changed. Absent where nobody measured it, and in the records of older agents.'),
};

/**
 * The parts of the INVITE that are kept for troubleshooting: never a credential, and shortened where too long.
 */
export const capturedInvite = z
  .object({
    request_uri: z
      .string()
      .max(512)
      .optional()
      .describe('The Request-URI without its parameters. Absent: from an agent before its upgrade.'),
    request_uri_user: z.string().describe('The user part of the Request-URI.'),
    to_user: z.string().describe('The user part of the To header.'),
    from_user: z.string().describe('The user part of the From header.'),
    headers: z
      .array(z.tuple([z.string(), z.string()]))
      .describe('The header lines in the order of arrival, each as name and value; names are in lower case.'),
    offer: z
      .array(z.string().max(32))
      .max(16)
      .nullable()
      .optional()
      .describe(
        'The codecs of its SDP, in the order of the caller; null: it has no SDP. Absent: from an agent before its ' +
          'upgrade.',
      ),
    truncated: z.boolean().describe('True: lines or characters were left out because there were too many.'),
  })
  .meta({ id: 'CapturedInvite' });
export type CapturedInvite = z.infer<typeof capturedInvite>;

/**
 * What happened within a call, beside the events of its own. `what` is a constant in kebab-case; `detail` never holds
 * a digit that was pressed, a URL or a secret.
 */
export const timelineEntry = z
  .object({
    at: timestamp.describe('When it happened.'),
    what: z.string().max(64).describe('What happened, as a constant in kebab-case.'),
    detail: z.string().max(500).nullable().describe('More about it; null where there is nothing to add.'),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.infer<typeof timelineEntry>;

/** `failed`: no answer in time, an error, or a status that is not 2xx; the call went on without. */
export const prewarmResult = z
  .object({
    outcome: z
      .enum(['prewarmed', 'declined', 'failed', 'given-up'])
      .describe(
        '`prewarmed` or `declined` as the platform answered; `failed`: no usable answer in time; ' +
          '`given-up`: the call ended first.',
      ),
    ms: z.number().int().nonnegative().describe('How long it took, milliseconds.'),
    detail: z.string().max(200).nullable().describe('More about it; null where there is nothing to add.'),
  })
  .meta({ id: 'PrewarmResult' });
export type PrewarmResult = z.infer<typeof prewarmResult>;

/**
 * Where the recording is, or will be. `location`: `s3://bucket/key` when it goes into a bucket, otherwise a file
 * beside FreeSWITCH.
 */
export const callRecording = z
  .object({
    state: z
      .enum(['pending', 'stored', 'local', 'failed'])
      .describe(
        '`pending`: not stored yet. `stored`: in the bucket. `local`: beside FreeSWITCH. `failed`: there is none.',
      ),
    location: z.string().max(1024).describe('`s3://bucket/key` in a bucket, otherwise a file beside FreeSWITCH.'),
    bytes: z.number().int().nonnegative().nullable().describe('The size in bytes; null while it is unknown.'),
    duration_ms: z
      .number()
      .int()
      .nonnegative()
      .nullable()
      .describe('The length of the recording, milliseconds; null while it is unknown.'),
    detail: z.string().max(200).nullable().describe('Why there is no recording; null where there is one.'),
  })
  .meta({ id: 'CallRecording' });
export type CallRecording = z.infer<typeof callRecording>;

/**
 * What became of a transfer by REFER. `transferred`: the NOTIFY said that the target answered (RFC 3515 §2.4.5; the 202
 * alone says nothing). `refused`: the REFER or the target was, and the call goes on. `indeterminate`: nobody said, and
 * the call goes on.
 */
export const transferResult = z
  .object({
    outcome: z
      .enum(['transferred', 'refused', 'indeterminate'])
      .describe(
        '`transferred`: the target answered. `refused`: the call goes on. `indeterminate`: the outcome ' +
          'was not confirmed in time.',
      ),
    target: z.string().max(512).describe('The SIP URI of Refer-To.'),
    refer_status: z.number().int().nullable().describe('The SIP status of the REFER; null: no answer came.'),
    target_status: z
      .number()
      .int()
      .nullable()
      .describe("The SIP status of the target, as the carrier's last NOTIFY reported it; null: none did."),
    requested_at: timestamp.describe('When the transfer was requested.'),
    ended_at: timestamp.describe('When the outcome was known.'),
  })
  .meta({ id: 'TransferResult' });
export type TransferResult = z.infer<typeof transferResult>;

/** Why an attempt of an outbound call failed, and whose matter that is. */
export const ATTEMPT_FAILURES = {
  busy: 'client_error',
  declined: 'client_error',
  'no-answer': 'client_error',
  'unknown-number': 'client_error',
  canceled: 'success',
  'carrier-refused': 'upstream_error',
  'codec-refused': 'upstream_error',
  'carrier-failed': 'upstream_error',
  'no-response': 'upstream_error',
  redirected: 'upstream_error',
  'gateway-down': 'upstream_error',
  'no-gateway': 'server_error',
  'certificate-refused': 'upstream_error',
  'limit-reached': 'client_error',
  'queue-full': 'client_error',
  'queue-timeout': 'client_error',
  'too-late': 'server_error',
  'switch-failed': 'server_error',
} as const satisfies Record<string, ReasonClass>;
export type AttemptFailure = keyof typeof ATTEMPT_FAILURES;
export const attemptFailure = z.enum(Object.keys(ATTEMPT_FAILURES) as [AttemptFailure, ...AttemptFailure[]]);

/** One attempt of an outbound call to reach the called party through a trunk. */
export const callAttempt = z
  .object({
    attempt: z.number().int().positive().describe('Counts the attempts of the call from 1.'),
    trunk_id: uuid.nullable().describe('The trunk; null: a test of settings that were not saved.'),
    bridge_id: bridgeId.describe('The bridge that dialled.'),
    dialled: z.string().max(64).describe("The number in the carrier's spelling."),
    outcome: z.enum(['answered', 'failed']).describe('What became of the attempt.'),
    reason: attemptFailure.nullable().describe('Why it failed, as a constant; null: it was answered.'),
    sip_status: z.number().int().nullable().describe('The final SIP status; null where none came.'),
    q850: z.number().int().nullable().describe('The Q.850 cause; null where there is none.'),
    hangup_cause: z.string().max(128).nullable().describe("FreeSWITCH's cause; null: it was answered, or not dialled."),
    started_at: timestamp.describe('When the attempt began.'),
    duration_ms: z.number().int().nonnegative().describe('From its begin to its answer or failure, milliseconds.'),
    ringing: z.boolean().describe('Whether the called party rang (180 or 183).'),
    failed_over: z.boolean().describe('Whether another trunk was tried afterwards.'),
  })
  .meta({ id: 'CallAttempt' });
export type CallAttempt = z.infer<typeof callAttempt>;
