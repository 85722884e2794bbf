import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { homeOf } from '@trunkmesh/routing/destination.js';
import { getExampleNumber, type CountryCode } from 'libphonenumber-js';
import examples from 'libphonenumber-js/mobile/examples';

/** Null: the country of the calling number alone. */
export const mayBeCalled = ({
  country,
  outbound_country_codes,
}: Pick<OrganizationState, 'country' | 'outbound_country_codes'>): readonly string[] | null =>
  outbound_country_codes ?? (country == null ? null : [country]);

/**
 * A number to plan a call to: `from` itself while its country may be called, else one of the first country that may.
 * `allowed` null: the country of `from` alone.
 */
export function exampleDestination(from: string, allowed: readonly string[] | null): string {
  const home = homeOf(Number(from.slice(1)));
  if (allowed === null || allowed.length === 0 || (home !== null && allowed.includes(home))) return from;
  return getExampleNumber(allowed[0] as CountryCode, examples)?.number ?? from;
}
