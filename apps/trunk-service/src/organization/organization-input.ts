import { organizationQuotas, organizationState, type OrganizationQuotas, type OrganizationState } from '@trunkmesh/contracts/organization.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { settingFields, settingsView, shownSettings, wantedSettings } from '../call-settings/call-settings-input.js';
import type { WantedSettings } from '../call-settings/call-settings.js';
import { sameQuotas } from './organization.js';
import { countryCodes } from '../http/country.js';
import type { AddressPolicy } from '../trunk/trunk-input.js';

const name = printable(200).trim().min(1);
/** The operator's to set; null: the installation's. */
const quotas = z.strictObject(organizationQuotas.shape).nullable();

/** `settings` undefined: nothing was said of them. */
export interface OrganizationInput { name: string; outbound_country_codes: string[] | null; settings: WantedSettings | undefined; quotas?: OrganizationQuotas | null | undefined }
export type OrganizationChanges = Partial<OrganizationInput> & { status?: OrganizationState['status'] };

export function organizationSchemas(policy: AddressPolicy) {
  const fields = z.strictObject({ name, outbound_country_codes: countryCodes.nullable(), quotas, ...settingFields(policy) });
  return {
    creation: fields.partial().extend({ name, outbound_country_codes: countryCodes.nullable().default(null) })
      .transform((raw): OrganizationInput => ({ name: raw.name, outbound_country_codes: raw.outbound_country_codes, quotas: raw.quotas, settings: wantedSettings(raw) })),
    /** A client that sends back what it read is understood. */
    change: fields.extend({ status: organizationState.shape.status, id: z.unknown(), created_at: z.unknown(), updated_at: z.unknown() }).partial()
      .transform(({ name, outbound_country_codes, status, quotas, ...raw }): OrganizationChanges => ({ name, outbound_country_codes, status, quotas, settings: wantedSettings(raw) })),
  };
}

/** The status may be repeated, but is the operator's to change. */
export function requireSameStatus({ status }: OrganizationChanges, state: OrganizationState | null): void {
  if (status === undefined || state === null || status === state.status) return;
  throw new DomainError('invalid-request', 'An organisation is suspended and resumed by POST to its own addresses.', [{ pointer: '/status', message: `must stay ${state.status}, or be left out` }]);
}

/** The quotas may be repeated, but are the operator's to change. */
export function requireSameQuotas({ quotas }: OrganizationChanges, state: OrganizationState | null): void {
  if (quotas === undefined || state === null || sameQuotas(quotas, state.quotas)) return;
  throw new DomainError('not-allowed', 'Only the operator\'s bootstrap key may change quotas.', [{ pointer: '/quotas', message: 'must be left out, or stay as it is' }]);
}

/** The object of the API: the settings flat, without the secret. */
export function presentOrganization({ call_settings, created_at, updated_at, ...rest }: OrganizationState) {
  return { ...rest, ...shownSettings(call_settings), created_at, updated_at };
}

/** What `presentOrganization` makes. */
export const organizationView = organizationState.omit({ call_settings: true }).extend(settingsView);
export type OrganizationView = z.infer<typeof organizationView>;
