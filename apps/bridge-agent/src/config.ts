import { callUrl, signingSecret } from '@trunkmesh/contracts/call-settings.js';
import { bridgeId, poolName } from '@trunkmesh/contracts/scalar.js';
import {
  bucketAccess,
  bucketEnvironment,
  HALF_A_KEY,
  hasBucket,
  hasWholeKey,
  NO_BUCKET,
} from '@trunkmesh/runtime/bucket.js';
import { z } from 'zod';
import type { AssistantSettings } from './route/assistant-settings.js';
import type { BucketSettings } from './recording/recording-bucket.http.js';

/**
 * Apart from RTP's 10000–20000 and from what Linux hands out, 32768–60999: a port that another program uses is skipped,
 * but costs an attempt.
 */
const AUDIO_PORTS = { first: 20_100, last: 32_599 };
const audioPort = z.coerce.number().int().min(1_024).max(65_535);

const isTrue = (value: string): boolean => value === 'true';
const switchedOn = z.enum(['true', 'false']).default('false').transform(isTrue);
const switchedOff = z.enum(['true', 'false']).default('true').transform(isTrue);
const publicPort = z.coerce.number().int().min(1).max(65_535);
const port = z.coerce.number().int().min(0).max(65_535);
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** The environment of bridge-agent. `OPS_PORT=0` takes any free port. */
export const environmentSchema = z
  .object({
    BRIDGE_ID: bridgeId.describe('Name of this bridge, unique in the mesh.'),
    BRIDGE_POOL: poolName.default('default').describe('Pool that this bridge belongs to.'),
    SIP_ADDRESS: z
      .string()
      .min(1, 'is the public address that customers point their carrier at, host or host:port')
      .max(260)
      .describe('Public address, host or host:port, that customers point their carrier at.'),
    SIP_TLS_PORT: publicPort
      .optional()
      .describe('Public port for SIP over TLS, shown by `GET /api/v1/connection`; no TLS there when not set.'),
    RTP_PORT_FIRST: publicPort
      .default(10_000)
      .describe('First public RTP port, shown by `GET /api/v1/connection`: as customers reach it.'),
    RTP_PORT_LAST: publicPort.default(20_000).describe('Last public RTP port.'),
    NATS_URL: z
      .string()
      .min(1, 'must name at least one server, for example nats://127.0.0.1:4222')
      .describe('NATS server, or several separated by commas; user and password may be in the URL.'),
    ESL_HOST: z.string().min(1).default('127.0.0.1').describe("Address of FreeSWITCH's event socket."),
    ESL_PORT: port.default(8021).describe("Port of FreeSWITCH's event socket."),
    ESL_PASSWORD: z
      .string()
      .min(1, "is the event socket's password, esl_password in FreeSWITCH's vars.xml")
      .describe("Password of the event socket: `esl_password` in FreeSWITCH's `vars.xml`."),
    SOFIA_PROFILE: z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'must be the name of a SIP profile')
      .default('external')
      .describe('SIP profile that gateways belong to.'),
    CONF_DIR: z
      .string()
      .min(1, "is the folder of the agent's files in FreeSWITCH's configuration")
      .describe("Folder `trunkmesh` in FreeSWITCH's configuration, for one agent alone."),
    STATE_DIR: z
      .string()
      .min(1, 'is a folder that survives restarts')
      .describe(
        'Folder that survives restarts, for one agent alone: call records, webhooks and copies of the routes ' +
          'are kept in it.',
      ),
    CALL_SOCKET_HOST: z
      .string()
      .regex(/^[\w.-]{1,253}$/, 'must be a host name or an IPv4 address')
      .default('127.0.0.1')
      .describe("Address where FreeSWITCH's dialplan connects to the agent."),
    CALL_SOCKET_PORT: port.default(9090).describe("Port where FreeSWITCH's dialplan connects to the agent."),
    CAPTURE_PORT: port
      .default(9060)
      .describe(
        'Loopback UDP port where FreeSWITCH sends a copy of each SIP message (HEPv3, `--capture-port` of ' +
          '`prepare.mjs`), for `refused-calls` and the SIP messages of calls. 0 switches it off.',
      ),
    SIP_MESSAGES: switchedOff.describe('`false` keeps no SIP messages of calls and registrations.'),
    SIP_MESSAGES_MB_PER_DAY: count(1, 1_000_000)
      .default(100)
      .describe(
        'MB of SIP messages of calls that this bridge keeps of one organisation in a day; a call has some 10 kB.',
      ),
    /** How long calls may continue after the agent was asked to stop. */
    DRAIN_SECONDS: count(0, 86_400)
      .default(0)
      .describe(
        'How long calls may continue after SIGTERM while new ones get 503. A second signal ends the agent at once.',
      ),
    MAX_CALLS: count(1, 100_000).default(5_000).describe('Calls at the same time; more are refused.'),
    SECRET_KEYS: z
      .string()
      .min(1, 'must be "id:base64 of 32 bytes", several separated by commas, as in trunk-service')
      .describe('Key ring of trunk-service, the same value.'),
    MEDIA_URL: callUrl('ws')
      .optional()
      .describe(
        'WebSocket of the assistants, for calls whose organisation and number set none. Without one anywhere ' +
          'the caller hears an echo.',
      ),
    PREWARM_URL: callUrl('http')
      .optional()
      .describe('Receives `POST` while a call rings, for calls whose organisation and number set none.'),
    STATUS_URL: callUrl('http')
      .optional()
      .describe('Receives `POST` at every change of a call, for calls whose organisation and number set none.'),
    STREAM_SECRET: signingSecret
      .optional()
      .describe('Signs what is sent to `MEDIA_URL`, `PREWARM_URL` and `STATUS_URL`, and nothing else.'),
    /**
     * Whether gateways' host names may resolve to private addresses. trunk-service has the same setting for literal
     * addresses.
     */
    ALLOW_PRIVATE_GATEWAYS: switchedOn.describe(
      '`true` accepts host names of gateways that resolve to private and special-purpose addresses. Set it ' +
        'as in trunk-service.',
    ),
    /** Whether URLs of organisations and numbers may resolve to private addresses. */
    ALLOW_PRIVATE_URLS: switchedOn.describe(
      '`true` connects to URLs of organisations and numbers in private networks.',
    ),
    RECORD_CALLS: switchedOn.describe('`true` records calls for which neither number nor organisation decides.'),
    /** FreeSWITCH writes there too, under the same path; default: STATE_DIR/recordings. */
    RECORDINGS_DIR: z
      .string()
      .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/, 'must be an absolute path of letters, digits and . _ - + @')
      .optional()
      .describe(
        'Folder that FreeSWITCH writes recordings to, the same path for FreeSWITCH and the agent; ' +
          '`recordings` in `STATE_DIR` when not set.',
      ),
    ...bucketEnvironment,
    S3_PREFIX: z
      .string()
      .max(256)
      .regex(/^(?:(?!\.{1,2}\/)[\w.-]+\/)*$/, 'must be empty, or names that each end with /, none of them . or ..')
      .default('')
      .describe('Prefix of every object, ending with `/`.'),
    S3_ACCESS_KEY_ID: bucketEnvironment.S3_ACCESS_KEY_ID.describe(
      "Key for the bucket, with `s3:PutObject`, `s3:GetObject` and `s3:AbortMultipartUpload`; the host's " +
        'own role when not set.',
    ),
    ANSWER_DEADLINE_MS: z.coerce
      .number()
      .int()
      .min(500)
      .max(60_000)
      .default(6_000)
      .describe(
        'Milliseconds until the assistant must be connected, then the caller gets 503; for calls whose ' +
          'organisation and number set none.',
      ),
    MAX_CALL_SECONDS: z.coerce
      .number()
      .int()
      .min(1)
      .max(86_400)
      .default(14_400)
      .describe('Seconds after which a call is ended; for calls whose organisation and number set none.'),
    AUDIO_PORT_FIRST: audioPort
      .default(AUDIO_PORTS.first)
      .describe('First UDP port on the loopback for audio between FreeSWITCH and the agent, two a call.'),
    AUDIO_PORT_LAST: audioPort.default(AUDIO_PORTS.last).describe('Last of these ports.'),
    OPS_PORT: port
      .default(9410)
      .describe('Port of `/health/live`, `/health/ready` and `/metrics`; 0 takes a free one, which the log names.'),
    OPS_HOST: z.string().min(1).optional().describe('Address that `OPS_PORT` listens on; 127.0.0.1 when not set.'),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('Least severe level that is logged.'),
  })
  .refine(hasWholeKey, HALF_A_KEY)
  .refine(hasBucket, NO_BUCKET)
  .refine(({ RTP_PORT_FIRST, RTP_PORT_LAST }) => RTP_PORT_FIRST < RTP_PORT_LAST, {
    path: ['RTP_PORT_LAST'],
    message: 'must be above RTP_PORT_FIRST',
  })
  .refine(({ AUDIO_PORT_FIRST, AUDIO_PORT_LAST }) => AUDIO_PORT_FIRST + 2 <= AUDIO_PORT_LAST, {
    path: ['AUDIO_PORT_LAST'],
    message: 'must leave room for a pair of ports above AUDIO_PORT_FIRST',
  });
export type Config = z.infer<typeof environmentSchema>;

export function assistantSettings(config: Config): AssistantSettings {
  return {
    mediaUrl: config.MEDIA_URL,
    prewarmUrl: config.PREWARM_URL,
    statusUrl: config.STATUS_URL,
    streamSecret: config.STREAM_SECRET,
    answerDeadlineMs: config.ANSWER_DEADLINE_MS,
    maxCallSeconds: config.MAX_CALL_SECONDS,
    record: config.RECORD_CALLS,
    allowPrivateUrls: config.ALLOW_PRIVATE_URLS,
    audioPorts: { first: config.AUDIO_PORT_FIRST, last: config.AUDIO_PORT_LAST },
  };
}

export function recordingSettings(config: Config): { folder: string; bucket: BucketSettings | undefined } {
  const access = bucketAccess(config);
  return {
    folder: config.RECORDINGS_DIR ?? `${config.STATE_DIR}/recordings`,
    bucket: access && { ...access, prefix: config.S3_PREFIX },
  };
}
