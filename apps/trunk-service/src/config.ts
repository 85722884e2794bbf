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

/** The environment of trunk-service. `PORT=0` and `OPS_PORT=0` take any free port. */
export const environmentSchema = z.object({
  PORT: port.default(3000),
  HOST: z.string().min(1).default('0.0.0.0'),
  OPS_PORT: port.default(9400),
  OPS_HOST: z.string().min(1).optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a URL such as postgres://user:password@host:5432/database'),
  DATABASE_POOL: z.coerce.number().int().min(4).max(200).default(20),
  NATS_URL: z.string().min(1, 'must name at least one server, for example nats://127.0.0.1:4222'),
  // Anything else cannot be sent as a bearer token (RFC 6750 §2.1): every request with it would be refused.
  BOOTSTRAP_KEY: z
    .string()
    .min(24, 'must have at least 24 characters: it may act for any organisation')
    .regex(/^[\w.~+/=-]{1,512}$/, 'must have letters, digits and - . _ ~ + / = only, at most 512 of them'),
  SECRET_KEYS: z.string().min(1, 'must be "id:base64 of 32 bytes", several separated by commas; the first one seals'),
  ALLOW_PRIVATE_GATEWAYS: switchedOn,
  /** Requests a minute, counted by each copy for itself. */
  RATE_LIMIT_KEY: limit(60_000),
  RATE_LIMIT_ORGANIZATION: limit(120_000),
  RATE_LIMIT_ADDRESS: limit(120_000),
  RATE_LIMIT_FAILED_AUTHENTICATIONS: limit(30),
  /** What an organisation may have, where the operator has set nothing else for it. */
  QUOTA_TRUNKS: limit(10_000),
  QUOTA_NUMBERS: limit(1_000_000),
  QUOTA_API_KEYS: limit(1_000),
  QUOTA_PARALLEL_IMPORTS: limit(4),
  MAX_CONNECTIONS: limit(10_000),
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
    ),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type Config = z.infer<typeof environmentSchema>;
