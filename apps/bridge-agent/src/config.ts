import { bridgeId, poolName } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import type { AssistantSettings } from './call/assistant-settings.js';

/** Its text may hold a secret. User name and password before the host are refused, because `fetch` does so. */
const urlOf = (protocol: RegExp, names: string) => z.url({ protocol, error: `must be a URL that begins with ${names}` })
  .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url) && !url.includes('#'), 'must have neither a user name and password nor a fragment');

/** Apart from RTP's 10000–20000 and from what Linux hands out, 32768–60999: a port of ours that another program has by chance is passed over, but costs a try. */
const AUDIO_PORTS = { first: 20_100, last: 32_599 };
const audioPort = z.coerce.number().int().min(1_024).max(65_535);

const port = z.coerce.number().int().min(0).max(65_535);

/** The environment of bridge-agent. `OPS_PORT=0` takes any free port. */
export const environmentSchema = z.object({
  BRIDGE_ID: bridgeId,
  BRIDGE_POOL: poolName.default('default'),
  SIP_ADDRESS: z.string().min(1, 'is the public address that customers point their carrier at, host or host:port').max(260),
  NATS_URL: z.string().min(1, 'must name at least one server, for example nats://127.0.0.1:4222'),
  ESL_HOST: z.string().min(1).default('127.0.0.1'),
  ESL_PORT: port.default(8021),
  ESL_PASSWORD: z.string().min(1, 'is the event socket\'s password, esl_password in FreeSWITCH\'s vars.xml'),
  SOFIA_PROFILE: z.string().regex(/^[\w.-]{1,64}$/, 'must be the name of a SIP profile').default('external'),
  CONF_DIR: z.string().min(1, 'is the folder of the agent\'s files in FreeSWITCH\'s configuration'),
  STATE_DIR: z.string().min(1, 'is a folder that survives restarts'),
  CALL_SOCKET_HOST: z.string().regex(/^[\w.-]{1,253}$/, 'must be a host name or an IPv4 address').default('127.0.0.1'),
  CALL_SOCKET_PORT: port.default(9090),
  MAX_CALLS: z.coerce.number().int().min(1).max(100_000).default(5_000),
  SECRET_KEYS: z.string().min(1, 'must be "id:base64 of 32 bytes", several separated by commas, as in trunk-service'),
  MEDIA_URL: urlOf(/^wss?$/, 'ws:// or wss://').optional(),
  PREWARM_URL: urlOf(/^https?$/, 'http:// or https://').optional(),
  STREAM_SECRET: z.string().regex(/^(?!whsec_).{16,}|^whsec_(?:[A-Za-z\d+/]{4})+(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/, 'must have at least 16 characters, or be whsec_ and base64').optional(),
  ANSWER_DEADLINE_MS: z.coerce.number().int().min(500).max(60_000).default(6_000),
  MAX_CALL_SECONDS: z.coerce.number().int().min(1).max(86_400).default(14_400),
  AUDIO_PORT_FIRST: audioPort.default(AUDIO_PORTS.first),
  AUDIO_PORT_LAST: audioPort.default(AUDIO_PORTS.last),
  OPS_PORT: port.default(9410),
  OPS_HOST: z.string().min(1).optional(),
  LOG_LEVEL: z.string().default('info'),
}).refine(({ AUDIO_PORT_FIRST, AUDIO_PORT_LAST }) => AUDIO_PORT_FIRST + 2 <= AUDIO_PORT_LAST, { path: ['AUDIO_PORT_LAST'], message: 'must leave room for a pair of ports above AUDIO_PORT_FIRST' });
export type Config = z.infer<typeof environmentSchema>;

/** Undefined without MEDIA_URL: callers hear themselves. */
export function assistantSettings(config: Config): AssistantSettings | undefined {
  if (config.MEDIA_URL === undefined) return undefined;
  return {
    mediaUrl: config.MEDIA_URL, prewarmUrl: config.PREWARM_URL, streamSecret: config.STREAM_SECRET, answerDeadlineMs: config.ANSWER_DEADLINE_MS, maxCallSeconds: config.MAX_CALL_SECONDS,
    audioPorts: { first: config.AUDIO_PORT_FIRST, last: config.AUDIO_PORT_LAST },
  };
}
