import { z } from 'zod';
import { bridgeId, timestamp, uuid } from './scalar.js';

/**
 * One finished call on an organisation's own trunk. The carrier's bill is the customer's own: `carrier_cost` is never
 * an amount.
 */
export const usageRecord = z.object({
  call_id: uuid.describe('The call, by its id.'),
  organization_id: uuid.describe('The organisation.'),
  trunk_id: uuid.nullable().describe('The trunk; null where none is known.'),
  number_id: uuid.nullable().describe("The organisation's phone number, by its id; null where none is known."),
  bridge_id: bridgeId.describe('The bridge.'),
  direction: z
    .enum(['inbound', 'outbound'])
    .describe('`inbound`: the other party called. `outbound`: the platform called.'),
  from: z.string().describe('The calling number, in E.164 where it could be brought to it.'),
  to: z.string().describe('The called number, in E.164 where it could be brought to it.'),
  started_at: timestamp.describe('When the call began.'),
  answered_at: timestamp.nullable().describe('When the call was answered; null where it was not.'),
  ended_at: timestamp.describe('When the call ended.'),
  billable_ms: z
    .number()
    .int()
    .nonnegative()
    .describe('From the answer to the end, milliseconds; 0 where the call was not answered.'),
  hangup_cause: z.string().describe("FreeSWITCH's cause of the hang-up, for example NORMAL_CLEARING."),
  sip_status: z.number().int().nullable().describe('The SIP status of the answer; null where there was none.'),
  carrier_cost: z.literal('external').describe('Always `external`: the carrier bills the organisation directly.'),
  recorded_at: timestamp.describe('When it was recorded.'),
});
export type UsageRecord = z.infer<typeof usageRecord>;

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
