import type { FieldSpec, Values } from '../../form/fields.js';
import type { components } from '../../generated/api.js';

type Quotas = components['schemas']['OrganizationQuotas'];

/** What the operator allows; those without a value are the installation's. */
export const QUOTAS = [
  ['trunks', 'Trunks'],
  ['numbers', 'Phone numbers'],
  ['api_keys', 'API keys'],
  ['parallel_imports', 'Imports at the same time'],
  ['outbound_calls_per_hour', 'Outbound calls in an hour'],
  ['outbound_calls_per_day', 'Outbound calls in a day'],
  ['outbound_minutes_per_hour', 'Outbound minutes in an hour'],
  ['outbound_minutes_per_day', 'Outbound minutes in a day'],
  ['outbound_calls_per_destination', 'Outbound calls to one number in an hour'],
] as const;

export const QUOTA_FIELDS: readonly FieldSpec[] = QUOTAS.map(([name, label]) => ({
  name: `quotas.${name}`,
  label,
  kind: 'number',
}));

/** The API takes all quotas together: those that a form changed, on top of those that are there. Null: none is set. */
export function quotasWith(now: Quotas | null | undefined, changed: Values): Quotas | null {
  const set = Object.entries({ ...now, ...changed }).filter(([, value]) => value !== null && value !== undefined);
  return set.length === 0 ? null : Object.fromEntries(set);
}

export const quotaText = (value: number | undefined): string =>
  value === undefined ? 'as the installation' : value === 0 ? 'any number' : String(value);
