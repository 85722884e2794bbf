import { bucketEnvironment, HALF_A_KEY, hasBucket, hasWholeKey, NO_BUCKET } from '@trunkmesh/runtime/bucket.js';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const switchedOn = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

/** 0: no limit. */
const limit = (standard: number) => z.coerce.number().int().min(0).max(1_000_000_000).default(standard);

const PROXY_RANGES = ['loopback', 'linklocal', 'uniquelocal'];
const isProxy = (text: string) => PROXY_RANGES.includes(text) || ipaddr.isValid(text) || ipaddr.isValidCIDR(text);

/** Each by itself: a command picks what it needs. */
export const environmentVariables = z.object({
  PORT: port.default(3000).describe('Port of the API; 0 takes a free one, which the log names.'),
  HOST: z.string().min(1).default('0.0.0.0').describe('Address that the API listens on.'),
  OPS_PORT: port
    .default(9400)
    .describe('Port of `/health/live`, `/health/ready` and `/metrics`; 0 takes a free one, which the log names.'),
  OPS_HOST: z.string().min(1).optional().describe('Address that `OPS_PORT` listens on; 127.0.0.1 when not set.'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgres://user:password@host:5432/database')
    .describe('PostgreSQL database of the event store and the read models.'),
  DATABASE_POOL: z.coerce
    .number()
    .int()
    .min(4)
    .max(200)
    .default(20)
    .describe('Connections to PostgreSQL that one copy opens at most.'),
  NATS_URL: z
    .string()
    .min(1, 'must name at least one server, for example nats://127.0.0.1:4222')
    .describe('NATS server, or several separated by commas; user and password may be in the URL.'),
  // Anything else cannot be sent as a bearer token (RFC 6750 §2.1): every request with it would be refused.
  BOOTSTRAP_KEY: z
    .string()
    .min(24, 'must have at least 24 characters: it may act for any organisation')
    .regex(/^[\w.~+/=-]{1,512}$/, 'must have letters, digits and - . _ ~ + / = only, at most 512 of them')
    .describe('API key of the operator, who may act for any organisation.'),
  SECRET_KEYS: z
    .string()
    .min(1, 'must be "id:base64 of 32 bytes", several separated by commas; the first one seals')
    .describe(
      'Key ring, `id:base64 of 32 bytes`, several separated by commas. The first encrypts SIP passwords ' +
        'and signing secrets; all decrypt. Losing it loses them.',
    ),
  ALLOW_PRIVATE_GATEWAYS: switchedOn.describe(
    '`true` accepts gateways and URLs of calls in private and special-purpose networks.',
  ),
  /** Requests a minute, counted by each copy for itself. */
  RATE_LIMIT_KEY: limit(60_000).describe(
    'Requests a minute with one API key; more answer 429 with `Retry-After`. Each copy counts for itself. 0: no limit.',
  ),
  RATE_LIMIT_ORGANIZATION: limit(120_000).describe('Requests a minute of one organisation. 0: no limit.'),
  RATE_LIMIT_ADDRESS: limit(120_000).describe(
    'Requests a minute from one client address; the only limit for the bootstrap key. 0: no limit.',
  ),
  RATE_LIMIT_FAILED_AUTHENTICATIONS: limit(30).describe(
    'Wrong keys a minute from one address; more answer 429, right keys still work. 0: no limit.',
  ),
  /** What an organisation may have, where the operator has set nothing else for it. */
  QUOTA_TRUNKS: limit(10_000).describe(
    'Trunks that an organisation may have; more answer 403 `quota-exceeded`. `quotas` of an organisation ' +
      'goes first. 0: any number.',
  ),
  QUOTA_NUMBERS: limit(1_000_000).describe('Phone numbers that an organisation may have. 0: any number.'),
  QUOTA_API_KEYS: limit(1_000).describe('API keys that an organisation may have. 0: any number.'),
  QUOTA_PARALLEL_IMPORTS: limit(4).describe(
    'Imports and pushed configurations of one organisation at once, in each copy. 0: any number.',
  ),
  QUOTA_OUTBOUND_CALLS_PER_HOUR: limit(1_000).describe(
    'Outbound calls of one organisation in an hour; more answer 429. It bounds what a stolen key costs. 0: any number.',
  ),
  QUOTA_OUTBOUND_CALLS_PER_DAY: limit(5_000).describe('Outbound calls of one organisation in a day. 0: any number.'),
  QUOTA_OUTBOUND_MINUTES_PER_HOUR: limit(2_000).describe(
    'Minutes of outbound calls of one organisation in an hour. 0: any number.',
  ),
  QUOTA_OUTBOUND_MINUTES_PER_DAY: limit(10_000).describe(
    'Minutes of outbound calls of one organisation in a day. 0: any number.',
  ),
  QUOTA_OUTBOUND_CALLS_PER_DESTINATION: limit(30).describe(
    'Outbound calls of one organisation to the same number in an hour. 0: any number.',
  ),
  SIP_MESSAGES_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(365)
    .default(7)
    .describe('How many days the SIP messages of calls and registrations are kept.'),
  SIP_MESSAGES_MB: z.coerce
    .number()
    .int()
    .min(16)
    .max(1_000_000)
    .default(2_048)
    .describe(
      'How much of the JetStream store the SIP messages of calls may take, in MB; beyond it the oldest are deleted. ' +
        'Where the store has no room for it, half of it is taken, and so on, and a warning is logged.',
    ),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/./, 'must be a URL such as smtp://user:password@mail.example.com:587')
    .optional()
    .describe(
      'Mail server for notifications: `smtp://` (STARTTLS where it is offered; `?requireTLS=true` insists) or ' +
        '`smtps://`, with user and password if it needs them. Without it there are no e-mail channels.',
    ),
  SMTP_FROM: z
    .string()
    .regex(/^[^\r\n]*@[^\r\n]+$/, 'must be an e-mail address')
    .default('TrunkMesh <trunkmesh@localhost>')
    .describe('Sender of these e-mails.'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as https://trunks.example.com' })
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe(
      'Where mail programs and browsers reach this service, for example `https://trunks.example.com`. E-mails have ' +
        'an unsubscribe link only with it, and the button of mail programs (RFC 8058) only where it is `https`.',
    ),
  ...bucketEnvironment,
  S3_ACCESS_KEY_ID: bucketEnvironment.S3_ACCESS_KEY_ID.describe(
    "Key that may read the bucket (`s3:GetObject`), so that recordings can be played; the host's own role when not " +
      'set.',
  ),
  TRACE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .refine((text) => text.includes('{trace_id}'), 'must contain {trace_id}')
    .optional()
    .describe(
      'Page of a trace in your tracing system with `{trace_id}` in it, for example ' +
        '`https://traces.example.com/trace/{trace_id}`. The dashboard links each call to it, for every organisation.',
    ),
  MAX_CONNECTIONS: limit(10_000).describe('Open connections of one copy; more are closed. 0: any number.'),
  /** Whose X-Forwarded-For is believed; nobody's without it. */
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    )
    .refine(
      (all) => all.every(isProxy),
      'must be addresses or networks (CIDR) separated by commas, or loopback, linklocal, uniquelocal',
    )
    .describe(
      'Addresses or networks (CIDR) separated by commas, or `loopback`, `linklocal`, `uniquelocal`, whose ' +
        '`X-Forwarded-For` names the client. Set it behind a proxy or load balancer; otherwise all clients ' +
        'count as one address.',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
});
/** The environment of trunk-service. `PORT=0` and `OPS_PORT=0` take any free port. */
export const environmentSchema = environmentVariables.refine(hasWholeKey, HALF_A_KEY).refine(hasBucket, NO_BUCKET);
export type Config = z.infer<typeof environmentSchema>;
