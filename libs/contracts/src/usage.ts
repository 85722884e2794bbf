import { z } from 'zod';
import { bridgeId, timestamp, uuid } from './scalar.js';

/**
 * KV bucket `usage` under the bridge's key: what billing-observer has committed of the bridge's numbered records. The
 * agent deletes what is confirmed and sends again what is missing.
 */
export const usageConfirmation = z.object({
  bridge_id: bridgeId.describe('The bridge.'),
  bridge_epoch: uuid.describe('Changes only when the bridge lost its disk; numbers begin at 1 in each epoch.'),
  confirmed_through: z
    .number()
    .int()
    .nonnegative()
    .describe('Every record up to and including this number is committed.'),
  missing: z
    .array(z.number().int().positive())
    .max(1000)
    .describe(
      'Numbers above `confirmed_through` and below the highest seen that never came; bounded to the lowest 1,000.',
    ),
  at: timestamp.describe('When it happened.'),
});
export type UsageConfirmation = z.infer<typeof usageConfirmation>;
