import { bridgeId, poolName } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

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
  OPS_PORT: port.default(9410),
  OPS_HOST: z.string().min(1).optional(),
  LOG_LEVEL: z.string().default('info'),
});
export type Config = z.infer<typeof environmentSchema>;
