import { z } from 'zod';
import { callSettings } from './call-settings.js';
import { cloudEvent } from './envelope.js';
import { outboundFailover, specialNumber } from './outbound.js';
import { countryCode, poolName, timestamp, uuid } from './scalar.js';

const quota = z.number().int().min(0).max(1_000_000_000).optional();
/** What the operator allows this organisation, where it differs from the installation's; 0: any number. */
export const organizationQuotas = z
  .object({
    trunks: quota.describe('How many trunks the organisation may have; 0: any number.'),
    numbers: quota.describe('How many phone numbers the organisation may have; 0: any number.'),
    api_keys: quota.describe('How many API keys the organisation may have; 0: any number.'),
    parallel_imports: quota.describe('How many imports and syncs may run at the same time; 0: any number.'),
    outbound_calls_per_hour: quota.describe('How many outbound calls in an hour; 0: any number.'),
    outbound_calls_per_day: quota.describe('How many outbound calls in a day; 0: any number.'),
    outbound_minutes_per_hour: quota.describe('How many minutes of outbound calls in an hour; 0: any number.'),
    outbound_minutes_per_day: quota.describe('How many minutes of outbound calls in a day; 0: any number.'),
    outbound_calls_per_destination: quota.describe(
      'How many outbound calls to the same number in an hour; 0: any number.',
    ),
  })
  .meta({ id: 'OrganizationQuotas' });
export type OrganizationQuotas = z.infer<typeof organizationQuotas>;

export const organizationState = z
  .object({
    id: uuid.describe('The id.'),
    name: z.string().min(1).max(200).describe('The name.'),
    status: z.enum(['active', 'suspended']).describe('`suspended`: nothing can be changed, and new calls are refused.'),
    country: countryCode
      .nullable()
      .optional()
      .describe("The organisation's own country. Null or absent: none is named."),
    outbound_country_codes: z
      .array(countryCode)
      .nullable()
      .describe(
        'The countries that may be called. Null: for an outbound call `country` alone, or where none is named that ' +
          'of the calling number; for a transfer any.',
      ),
    outbound_failover: outboundFailover
      .optional()
      .describe('Which trunks an outbound call may use. Absent: `any_trunk`.'),
    outbound_special_numbers: z
      .array(specialNumber)
      .max(3)
      .optional()
      .describe('Expensive kinds of numbers that may be called. Absent: none.'),
    time_zone: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('Whose days and months its usage is counted in, an IANA name. Absent: UTC.'),
    bridge_pools: z
      .array(poolName)
      .min(1)
      .max(64)
      .optional()
      .describe('The pools whose bridges its trunks may use. Absent: the default pool alone.'),
    call_settings: callSettings.optional().describe('What is set for all its calls. Absent: nothing.'),
    quotas: organizationQuotas
      .optional()
      .describe("What the operator allows where it differs from the installation's limits. Absent: nothing differs."),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'OrganizationState' });
export type OrganizationState = z.infer<typeof organizationState>;

/** `bridge_pools` null: back to the default pool alone. */
const fields = organizationState.pick({ name: true, outbound_country_codes: true }).extend({
  country: organizationState.shape.country,
  outbound_failover: organizationState.shape.outbound_failover,
  outbound_special_numbers: organizationState.shape.outbound_special_numbers,
  time_zone: organizationState.shape.time_zone,
  bridge_pools: organizationState.shape.bridge_pools
    .nullable()
    .describe('The pools whose bridges its trunks may use; null: the default pool alone.'),
});
/** Which of them were set, changed or cleared, without their values: the state after it holds those. */
const changedSettings = z.object({
  call_settings_changed: z
    .array(z.string())
    .optional()
    .describe('The names of the call settings that changed; their values are in the state.'),
  quotas: organizationQuotas
    .nullable()
    .optional()
    .describe("What the operator allows where it differs from the installation's limits; null: nothing differs now."),
});

export const organizationEvent = z.discriminatedUnion('type', [
  cloudEvent('OrganizationCreated', fields.extend(changedSettings.shape), organizationState),
  cloudEvent('OrganizationUpdated', fields.partial().extend(changedSettings.shape), organizationState),
  cloudEvent('OrganizationSuspended', z.object({}), organizationState),
  cloudEvent('OrganizationResumed', z.object({}), organizationState),
]);
export type OrganizationEvent = z.infer<typeof organizationEvent>;
