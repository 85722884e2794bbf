import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65535);

/** The environment of billing-observer. `OPS_PORT` 0: a free one, which the log names. */
export const environment = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  /** billing-observer's own database. */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL'),
  OPS_PORT: port.default(9403),
  OPS_HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type Config = z.output<typeof environment>;
