import { z } from 'zod';
import { template } from './call-template.js';

/** How the number that is shown is written. */
export const callerNumberFormat = z.enum(['e164', 'e164-without-plus', 'national', 'number-rules']);
export type CallerNumberFormat = z.infer<typeof callerNumberFormat>;

/** Who calls, as the carrier of the trunk wants to read it. */
export const callerIdentity = z
  .object({
    from_user: template(128)
      .default('{{caller_id}}')
      .describe(
        'The user part of From, a template. `{{caller_id}}`: the number that is shown. `{{username}}`: the account.',
      ),
    display_name: template(64)
      .nullable()
      .default(null)
      .describe('The name in From and P-Asserted-Identity, a template; null: none.'),
    number_format: callerNumberFormat
      .default('e164')
      .describe(
        'How the number that is shown is written. `e164`: with its plus. `national`: numbers of `default_country` ' +
          'as they are dialled there, others in E.164. `number-rules`: by the outbound `number_rules`.',
      ),
    p_asserted_identity: z
      .boolean()
      .default(true)
      .describe('Send P-Asserted-Identity (RFC 3325) with the number that is shown.'),
    remote_party_id: z.boolean().default(false).describe('Send Remote-Party-ID with the number that is shown.'),
    diversion: template(128)
      .nullable()
      .default(null)
      .describe('The number of a Diversion header (RFC 5806), a template, for example `{{from}}`; null: no header.'),
    privacy: z
      .enum(['none', 'id', 'anonymous'])
      .default('none')
      .describe(
        '`id`: ask the carrier to withhold the number from the called party (Privacy: id, RFC 3323). `anonymous`: ' +
          'the same, and From is `anonymous@anonymous.invalid`; P-Asserted-Identity is always sent then.',
      ),
  })
  .meta({ id: 'CallerIdentity' });
export type CallerIdentity = z.infer<typeof callerIdentity>;

/** 487 is the answer to a call that was canceled: nobody is to be rung again. */
const failoverStatus = z
  .number()
  .int()
  .min(300)
  .max(699)
  .refine((status) => status !== 487, 'must not be 487: it is the answer to a canceled call');

/** What a trunk says about the calls that leave by it. Trunks of earlier versions have none of it. */
export const outboundSettings = z.object({
  ring_timeout_seconds: z
    .number()
    .int()
    .min(5)
    .max(180)
    .default(45)
    .describe('How long one attempt may ring before the next trunk is tried, seconds.'),
  failover_statuses: z
    .array(failoverStatus)
    .max(64)
    .nullable()
    .default(null)
    .describe(
      'The final SIP statuses (300 to 699, not 487) after which the next trunk is tried; null: 408 and every 5xx. ' +
        'A gateway that is down or does not respond is always followed by the next trunk.',
    ),
  queue_seconds: z
    .number()
    .int()
    .min(0)
    .max(600)
    .default(30)
    .describe(
      'How long a call may wait for its turn where `max_channels` or `max_cps` is reached, seconds. Then the next ' +
        'trunk is tried. 0: it does not wait.',
    ),
  queue_length: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(100)
    .describe(
      'How many calls may wait for their turn where `max_channels` or `max_cps` is reached. One more tries the next ' +
        'trunk, or is refused with `queue-full`.',
    ),
  identity: callerIdentity.prefault({}).describe('Who calls, as the carrier wants to read it.'),
  outbound_proxy: z
    .string()
    .min(1)
    .max(260)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters')
    .nullable()
    .default(null)
    .describe(
      'Where requests are sent to in place of the gateway: `host`, `host:port`, `[v6]` or `[v6]:port`. The ' +
        'Request-URI keeps the gateway, and calls may come from there; null: they are sent to the gateway.',
    ),
});
export type OutboundSettings = z.infer<typeof outboundSettings>;

/** What counts where a trunk says nothing. */
export const OUTBOUND_DEFAULTS: Readonly<OutboundSettings> = outboundSettings.parse({});

const { shape } = outboundSettings;
/** Absent in trunks of earlier versions, of which `OUTBOUND_DEFAULTS` holds. */
export const laterOutboundSettings = {
  ring_timeout_seconds: shape.ring_timeout_seconds
    .unwrap()
    .optional()
    .describe('How long one attempt of an outbound call may ring, seconds. Absent: 45.'),
  failover_statuses: shape.failover_statuses
    .unwrap()
    .optional()
    .describe('The final SIP statuses after which the next trunk is tried; null: 408 and every 5xx. Absent: null.'),
  queue_seconds: shape.queue_seconds
    .unwrap()
    .optional()
    .describe('How long a call may wait for its turn where a limit of the trunk is reached, seconds. Absent: 30.'),
  queue_length: shape.queue_length
    .unwrap()
    .optional()
    .describe('How many calls may wait for their turn where a limit of the trunk is reached. Absent: 100.'),
  identity: shape.identity
    .unwrap()
    .optional()
    .describe('Who calls, as the carrier wants to read it. Absent: the number in E.164, asserted.'),
  outbound_proxy: shape.outbound_proxy
    .unwrap()
    .optional()
    .describe('Where requests are sent to in place of the gateway; null: to the gateway. Absent: null.'),
};
