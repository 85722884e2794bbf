import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { USAGE_ALERT_RULES, usageAlertRule, type UsageAlertRule } from '@trunkmesh/contracts/usage-alert.js';
import { z } from 'zod';

const whole = (min: number, max: number) => z.number().int().min(min).max(max);

/** What an organisation can be notified of, and the settings of each. */
const conditions = [
  z.strictObject({
    kind: z.literal('registration-lost').describe('An enabled trunk that registers is not registered anywhere.'),
    for_seconds: whole(30, 86_400).default(60).describe('For so many seconds.'),
  }),
  z.strictObject({
    kind: z.literal('trunk-degraded').describe('The carrier fails outbound calls: no response, 5xx, gateway down.'),
    failed_calls: whole(2, 100).default(5).describe('So many attempts through one trunk in a row.'),
  }),
  z.strictObject({
    kind: z.literal('refused-calls').describe("Calls to the organisation's numbers are refused before routing."),
    calls: whole(1, 100_000).default(20).describe('More than so many.'),
    minutes: whole(1, 60).default(5).describe('Within so many minutes.'),
  }),
  z.strictObject({
    kind: z.literal('low-quality').describe('The audio of calls through a trunk is bad.'),
    mos: z.number().min(1).max(4.5).default(3.5).describe('The mean opinion score is below this, on average.'),
    calls: whole(1, 20).default(5).describe('Of so many measured calls, the latest ones.'),
  }),
  z.strictObject({
    kind: z.literal('assistant-unreachable').describe("Calls end because the assistant's stream cannot be connected."),
    failed_calls: whole(1, 100).default(3).describe('So many calls in a row.'),
  }),
  z.strictObject({
    kind: z.literal('usage-alert').describe('Unusual usage, as billing-observer finds it.'),
    alerts: z
      .array(usageAlertRule)
      .min(1)
      .max(Object.keys(USAGE_ALERT_RULES).length)
      .default(() => Object.keys(USAGE_ALERT_RULES) as UsageAlertRule[])
      .describe('Which alerts; default all.'),
  }),
] as const;
export const condition = z.discriminatedUnion('kind', conditions);
export type Condition = z.infer<typeof condition>;
export type ConditionKind = Condition['kind'];

const ruleFields = {
  name: printable(100).min(1).describe('Unique within the organisation.'),
  condition: condition.describe('What the organisation is notified of.'),
  channel_ids: z.array(uuid).min(1).max(10).describe('The channels that messages go to.'),
  enabled: z.boolean().default(true).describe('False: the condition is not looked at.'),
  messages_per_hour: whole(1, 60)
    .default(6)
    .describe(
      'At most so many new conditions are notified of in an hour; the next message says how many were left out.',
    ),
};
export const ruleBody = z.strictObject(ruleFields).meta({ id: 'NewNotificationRule' });
export type RuleBody = z.output<typeof ruleBody>;

export const rulePatch = z
  .strictObject({
    name: ruleFields.name,
    condition: ruleFields.condition,
    channel_ids: ruleFields.channel_ids,
    enabled: z.boolean().describe('False: the condition is not looked at.'),
    messages_per_hour: whole(1, 60).describe('At most so many new conditions are notified of in an hour.'),
  })
  .partial()
  .meta({ id: 'NotificationRulePatch' });
export type RulePatch = z.output<typeof rulePatch>;

export const ruleView = z
  .object({
    id: uuid.describe('The id.'),
    ...ruleFields,
    enabled: z.boolean().describe('False: the condition is not looked at.'),
    messages_per_hour: whole(1, 60).describe('At most so many new conditions are notified of in an hour.'),
    firing: z
      .array(
        z.object({
          subject: z.string().describe('What it is about: a trunk’s id, or `organization`.'),
          since: timestamp.describe('Since when.'),
          summary: z.string().describe('What happened and what to do, in a sentence.'),
          notified: z.boolean().describe('False: damped, no message was sent.'),
        }),
      )
      .describe('Where the condition holds now, at most 100.'),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'NotificationRule' });
export type RuleView = z.infer<typeof ruleView>;

export const RULES_PER_ORGANIZATION = 50;
