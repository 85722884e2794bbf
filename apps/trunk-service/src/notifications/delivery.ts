import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { pageQuery } from '../http/page.js';
import { notificationMessage } from '@trunkmesh/contracts/notification.js';

const deliveryState = z.enum(['pending', 'delivered', 'given-up']);

export const deliveryView = z
  .object({
    id: uuid.describe('The delivery; the `webhook-id` of a webhook.'),
    channel_id: uuid.describe('The channel.'),
    rule_id: uuid.nullable().describe('The rule; null: a test.'),
    state: deliveryState.describe(
      '`pending`: waits for its first or next attempt. `given-up`: failed for good; nothing is sent any more.',
    ),
    attempts: z.number().int().min(0).describe('How often it was tried.'),
    last_error: z.string().nullable().describe('Why the last attempt failed; null: it did not, or there was none.'),
    next_attempt_at: timestamp.nullable().describe('When it is tried next; null: not again.'),
    created_at: timestamp.describe('When the message was made.'),
    delivered_at: timestamp.nullable().describe('When it was delivered; null: not yet, or never.'),
    message: notificationMessage.describe('What is delivered.'),
  })
  .meta({ id: 'NotificationDelivery' });
export type DeliveryView = z.infer<typeof deliveryView>;

export const deliveryQuery = pageQuery
  .extend({
    state: deliveryState.optional().describe('Only deliveries in this state.'),
    channel_id: uuid.optional().describe('Only deliveries to this channel.'),
    rule_id: uuid.optional().describe('Only deliveries of this rule.'),
  })
  .strict();
export type DeliveryQuery = z.output<typeof deliveryQuery>;

export const deliveryPage = z
  .object({
    items: z.array(deliveryView).describe('The deliveries of the page, newest first.'),
    next_cursor: z.string().nullable().describe('The `cursor` of the next page; null: this is the last one.'),
  })
  .meta({ id: 'NotificationDeliveries' });
export type DeliveryPage = z.infer<typeof deliveryPage>;

/** Seconds before each further attempt: some fifteen hours in all. */
const WAITS_SECONDS = [5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800];
const LONGEST_WAIT_SECONDS = 28_800;

export type AttemptOutcome = { ok: true } | { ok: false; error: string; retryAfterMs?: number; final?: boolean };

/** How long to wait after a failed attempt; undefined: it is given up. `attempts` counts the failed one. */
export function waitAfter(attempts: number, outcome: AttemptOutcome): number | undefined {
  if (outcome.ok || outcome.final === true) return undefined;
  const wait = WAITS_SECONDS[attempts - 1];
  if (wait === undefined) return undefined;
  return Math.min(Math.max(wait, (outcome.retryAfterMs ?? 0) / 1000), LONGEST_WAIT_SECONDS);
}
