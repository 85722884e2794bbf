import { z } from 'zod';

/** The environment of routing-service. `OPS_PORT` 0: a free one, which the log names. */
export const environmentSchema = z.object({
  NATS_URL: z
    .string()
    .default('nats://127.0.0.1:4222')
    .describe('NATS server, or several separated by commas; user and password may be in the URL.'),
  OPS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9402)
    .describe('Port of `/health/live`, `/health/ready` and `/metrics`; 0 takes a free one, which the log names.'),
  OPS_HOST: z.string().default('127.0.0.1').describe('Address that `OPS_PORT` listens on.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
});
export type Config = z.output<typeof environmentSchema>;
