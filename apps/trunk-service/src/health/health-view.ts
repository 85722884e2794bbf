import { z } from 'zod';

export const liveness = z
  .object({ status: z.literal('live').describe('The process answers.') })
  .meta({ id: 'Liveness', description: 'The process answers.' });

export const readiness = z
  .object({
    status: z.enum(['ready', 'not ready']).describe('Whether the service can do its work.'),
    checks: z.record(z.string(), z.string()).describe('`up`, or why not, for each thing that the service needs.'),
  })
  .meta({ id: 'Readiness', description: 'Whether the service can do its work.' });
