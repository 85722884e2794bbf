import { z } from 'zod';
import { occurrence } from './envelope.js';
import { countryOrWorld, timestamp, uuid } from './scalar.js';

/** What an alert is about, and the unit of its figures. */
export const USAGE_ALERT_RULES = {
  /** Minutes of an hour, against the same hours of the last four weeks. */
  'unusual-minutes': 'minutes',
  /** The charged amount of an hour, in one currency. */
  'unusual-spend': 'micros',
  /** ASR: answered calls as a part of all, of one trunk and direction. */
  'answer-rate-collapsed': 'ratio',
  /** ACD: seconds of an answered call, of one trunk and direction. */
  'call-duration-collapsed': 'seconds',
  /** The first outbound calls ever to a country on the operator's list. */
  'new-high-cost-country': 'calls',
} as const;
export type UsageAlertRule = keyof typeof USAGE_ALERT_RULES;
export const usageAlertRule = z.enum(Object.keys(USAGE_ALERT_RULES) as [UsageAlertRule, ...UsageAlertRule[]]);

const figure = z.number();

export const usageAlert = z
  .object({
    alert_id: uuid.describe('The alert.'),
    organization_id: uuid.describe('The organisation.'),
    rule: usageAlertRule.describe('What is unusual, as a constant.'),
    message: z.string().max(500).describe('What happened and what to do, in a sentence.'),
    period_from: timestamp.describe('The begin of the period that the alert is about.'),
    period_until: timestamp.describe('The end of the period; what comes later in it is not in the figures.'),
    trunk_id: uuid.nullable().describe('The trunk; null: the alert is about no single trunk.'),
    direction: z.enum(['inbound', 'outbound']).nullable().describe('The direction of the calls; null: both.'),
    country: countryOrWorld
      .nullable()
      .describe('The called country; `001`: numbers of no country; null: the alert is about no country.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .nullable()
      .describe('The currency of the figures (ISO 4217); null: they are no amounts.'),
    unit: z
      .enum(['minutes', 'micros', 'ratio', 'seconds', 'calls'])
      .describe('The unit of the figures; `micros` are micro-units of the currency, always whole.'),
    observed: figure.describe('What was seen in the period.'),
    expected: figure.nullable().describe('What is usual for this organisation; null: there is nothing to compare.'),
    threshold: figure.nullable().describe('The alert is raised beyond this; null: by the first call.'),
    calls: z.number().int().min(0).describe('How many calls `observed` rests on.'),
    baseline: z
      .array(figure)
      .max(64)
      .describe('The values that `expected` rests on: comparable hours, or one value of the last four weeks.'),
    baseline_calls: z.number().int().min(0).nullable().describe('How many calls the baseline rests on; null: hours.'),
    raised_at: timestamp.describe('When the alert was raised.'),
  })
  .meta({ id: 'UsageAlert' });
export type UsageAlert = z.infer<typeof usageAlert>;

/** Stream ALERTS, one subject an alert, written by billing-observer; each alert once. */
export const usageAlertRaised = occurrence('UsageAlertRaised', usageAlert);
export type UsageAlertRaised = z.infer<typeof usageAlertRaised>;
