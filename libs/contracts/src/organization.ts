import { z } from 'zod';
import { callSettings } from './call-settings.js';
import { cloudEvent } from './envelope.js';
import { countryCode, poolName, timestamp, uuid } from './scalar.js';

const quota = z.number().int().min(0).max(1_000_000_000).optional();
/** What the operator allows this organisation, where it differs from the installation's; 0: any number. */
export const organizationQuotas = z.object({ trunks: quota, numbers: quota, api_keys: quota, parallel_imports: quota });
export type OrganizationQuotas = z.infer<typeof organizationQuotas>;

export const organizationState = z.object({
  id: uuid,
  name: z.string().min(1).max(200),
  status: z.enum(['active', 'suspended']),
  /** Where the organisation's numbers may call; `null`: anywhere. */
  outbound_country_codes: z.array(countryCode).nullable(),
  /**
   *  The bridge pools that its trunks may use, as the operator allows them. Absent: the default pool alone. What a
   *  trunk uses already it keeps.
   */
  bridge_pools: z.array(poolName).min(1).max(64).optional(),
  /** Absent: none is set. */
  call_settings: callSettings.optional(),
  /** Absent: the installation's. */
  quotas: organizationQuotas.optional(),
  created_at: timestamp,
  updated_at: timestamp,
});
export type OrganizationState = z.infer<typeof organizationState>;

/** `bridge_pools` null: back to the default pool alone. */
const fields = organizationState
  .pick({ name: true, outbound_country_codes: true })
  .extend({ bridge_pools: organizationState.shape.bridge_pools.nullable() });
/** Which of them were set, changed or cleared, without their values: the state after it holds those. */
const changedSettings = z.object({
  call_settings_changed: z.array(z.string()).optional(),
  quotas: organizationQuotas.nullable().optional(),
});

export const organizationEvent = z.discriminatedUnion('type', [
  cloudEvent('OrganizationCreated', fields.extend(changedSettings.shape), organizationState),
  cloudEvent('OrganizationUpdated', fields.partial().extend(changedSettings.shape), organizationState),
  cloudEvent('OrganizationSuspended', z.object({}), organizationState),
  cloudEvent('OrganizationResumed', z.object({}), organizationState),
]);
export type OrganizationEvent = z.infer<typeof organizationEvent>;
