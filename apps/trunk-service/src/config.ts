import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);
const switchedOn = z.enum(['true', 'false']).default('false').transform((value) => value === 'true');

/** The environment of trunk-service. `PORT=0` and `OPS_PORT=0` take any free port. */
export const environmentSchema = z.object({
  PORT: port.default(3000),
  HOST: z.string().min(1).default('0.0.0.0'),
  OPS_PORT: port.default(9400),
  OPS_HOST: z.string().min(1).optional(),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgres://user:password@host:5432/database'),
  DATABASE_POOL: z.coerce.number().int().min(4).max(200).default(20),
  NATS_URL: z.string().min(1, 'must name at least one server, for example nats://127.0.0.1:4222'),
  // Anything else cannot be sent as a bearer token (RFC 6750 §2.1): every request with it would be refused.
  BOOTSTRAP_KEY: z.string().min(24, 'must have at least 24 characters: it may act for any organisation').regex(/^[\w.~+/=-]{1,512}$/, 'must have letters, digits and - . _ ~ + / = only, at most 512 of them'),
  SECRET_KEYS: z.string().min(1, 'must be "id:base64 of 32 bytes", several separated by commas; the first one seals'),
  ALLOW_PRIVATE_GATEWAYS: switchedOn,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type Config = z.infer<typeof environmentSchema>;
