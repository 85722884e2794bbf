import { z } from 'zod';

/** The environment of routing-service. `OPS_PORT` 0: a free one, which the log names. */
export const environment = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  OPS_PORT: z.coerce.number().int().min(0).max(65535).default(9402),
  OPS_HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type Config = z.output<typeof environment>;
