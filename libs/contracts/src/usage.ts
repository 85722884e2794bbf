import { z } from 'zod';
import { bridgeId, timestamp, uuid } from './scalar.js';

/**
 *  One finished call on an organisation's own trunk. The carrier's bill is the customer's own: `carrier_cost` is never
 *  an amount.
 */
export const usageRecord = z.object({
  call_id: uuid,
  organization_id: uuid,
  trunk_id: uuid.nullable(),
  number_id: uuid.nullable(),
  bridge_id: bridgeId,
  direction: z.enum(['inbound', 'outbound']),
  from: z.string(),
  to: z.string(),
  started_at: timestamp,
  answered_at: timestamp.nullable(),
  ended_at: timestamp,
  billable_ms: z.number().int().nonnegative(),
  hangup_cause: z.string(),
  sip_status: z.number().int().nullable(),
  carrier_cost: z.literal('external'),
  recorded_at: timestamp,
});
export type UsageRecord = z.infer<typeof usageRecord>;

/**
 * KV bucket `usage` under the bridge's key: what billing-observer has committed of the bridge's numbered records. The
 * agent deletes what is confirmed and sends again what is missing.
 */
export const usageConfirmation = z.object({
  bridge_id: bridgeId,
  bridge_epoch: uuid,
  /** Every record up to and including this number is committed. */
  confirmed_through: z.number().int().nonnegative(),
  /** Numbers above `confirmed_through` and below the highest seen that never came; bounded to the lowest 1,000. */
  missing: z.array(z.number().int().positive()).max(1000),
  at: timestamp,
});
export type UsageConfirmation = z.infer<typeof usageConfirmation>;
