import { z } from 'zod';
import { timestamp, uuid } from './scalar.js';

/** The type of a message by the condition that it is about. */
export const MESSAGE_TYPES = {
  'registration-lost': 'registration.lost',
  'trunk-degraded': 'trunk.degraded',
  'refused-calls': 'calls.refused',
  'low-quality': 'quality.low',
  'assistant-unreachable': 'assistant.unreachable',
  'usage-alert': 'usage.alert',
} as const;
export const messageType = z.enum(['notification.test', ...Object.values(MESSAGE_TYPES)]);

/** A notification as webhooks get it; e-mail and Slack are written from it. */
export const notificationMessage = z
  .object({
    type: messageType.describe('What happened, as a constant.'),
    timestamp: timestamp.describe('When the message was made.'),
    data: z
      .object({
        notification_id: uuid.describe('The notification: the same for all channels that it goes to.'),
        state: z
          .enum(['firing', 'resolved', 'alert', 'test'])
          .describe('`firing`: the condition began. `resolved`: it ended. `alert`: an event without an end.'),
        organization_id: uuid.describe('The organisation.'),
        rule_id: uuid.nullable().describe('The rule; null: a test.'),
        rule_name: z.string().nullable().describe('The name of the rule; null: a test.'),
        trunk_id: uuid.nullable().describe('The trunk; null: it is about no single trunk.'),
        since: timestamp.describe('Since when the condition holds, or held.'),
        summary: z.string().describe('What happened and what to do, in a sentence.'),
        suppressed: z.number().int().min(0).describe('How many messages of the rule were left out before this one.'),
        details: z.record(z.string(), z.unknown()).describe('The figures that it rests on; they depend on the type.'),
      })
      .describe('The notification.'),
  })
  .meta({ id: 'NotificationMessage' });
export type NotificationMessage = z.infer<typeof notificationMessage>;
