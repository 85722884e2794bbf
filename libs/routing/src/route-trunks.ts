import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { addAddress, gatewayAddress, parseCidr, removeAddress } from './address.js';
import { acquire, release } from './interned.js';
import { dialectOf } from './number-format.js';
import {
  holdOrganization, holdTrunk, releaseOrganization, releaseTrunk, type AddressClaim, type OrganizationEntry, type RoutedTrunk, type RouteFilter, type RouteIndex, type TrunkEntry,
} from './route-index.js';
import { dropNumbers } from './route-numbers.js';

export function putOrganization(index: RouteIndex, id: string, state: Pick<OrganizationState, 'status' | 'outbound_country_codes'>): void {
  const entry = holdOrganization(index, id);
  if (entry.state !== null) releaseOrganization(index, entry);
  entry.state = { status: state.status, outbound_country_codes: state.outbound_country_codes ?? null };
}

export function removeOrganization(index: RouteIndex, id: string): void {
  const handle = index.organizations.handles.get(id);
  const entry = handle === undefined ? undefined : index.organizations.values[handle];
  if (entry === undefined || entry.state === null) return;
  entry.state = null;
  releaseOrganization(index, entry);
}

export function putTrunk(index: RouteIndex, organizationId: string, state: TrunkState): void {
  if (index.only !== undefined && state.bridge_pool !== index.only.pool) return removeTrunk(index, organizationId, state.id);
  const organization = holdOrganization(index, organizationId);
  const entry = holdTrunk(index, organization, state.id);
  releaseOrganization(index, organization);
  if (entry.state === null) {
    enter(index, entry);
  } else {
    releaseTrunk(index, entry);
    forgetSettings(index, entry, entry.state);
  }
  const dialect = dialectOf({ default_country: state.default_country ?? null, number_rules: state.number_rules ?? [] });
  const dialectHandle = acquire(index.dialects, dialect.key, () => dialect);
  entry.state = {
    enabled: state.enabled, pool: state.bridge_pool, priority: state.priority, username: state.username ?? null, authUsername: state.auth_username ?? null,
    outboundCountryCodes: state.outbound_country_codes ?? null, dialect: index.dialects.values[dialectHandle]!, dialectHandle,
  };
  entry.claims = claimsOf(entry, state);
  for (const claim of entry.claims) addAddress(index.addresses, claim.cidr, claim);
}

export function removeTrunk(index: RouteIndex, organizationId: string, id: string): void {
  const entry = index.trunks.get(id);
  if (entry?.organization.id !== organizationId || entry.state === null) return;
  forgetSettings(index, entry, entry.state);
  entry.state = null;
  entry.claims = [];
  index.trunks.delete(id);
  const { organization } = entry;
  organization.trunks.splice(organization.trunks.indexOf(entry), 1);
  if (index.only !== undefined && organization.trunks.length === 0) leave(index, index.only, organization);
  releaseTrunk(index, entry);
}

function leave(index: RouteIndex, only: RouteFilter, organization: OrganizationEntry): void {
  dropNumbers(index, organization);
  only.onOrganization?.(organization.id, false);
}

function enter(index: RouteIndex, entry: TrunkEntry): void {
  const namesake = index.trunks.get(entry.id);
  if (namesake !== undefined) removeTrunk(index, namesake.organization.id, entry.id);
  index.trunks.set(entry.id, entry);
  entry.organization.trunks.push(entry);
  if (entry.organization.trunks.length === 1) index.only?.onOrganization?.(entry.organization.id, true);
}

function forgetSettings(index: RouteIndex, entry: TrunkEntry, state: RoutedTrunk): void {
  for (const claim of entry.claims) removeAddress(index.addresses, claim.cidr, claim);
  release(index.dialects, state.dialectHandle);
}

/** The literal gateway address and the CIDRs. An address that is none (a host name: the agent resolves it) or is not readable claims nothing. */
function claimsOf(trunk: TrunkEntry, state: Pick<TrunkState, 'gateway' | 'inbound_addresses'>): AddressClaim[] {
  const claims: AddressClaim[] = [];
  const gateway = gatewayAddress(state.gateway);
  if (gateway !== undefined) claims.push({ trunk, matchedBy: 'gateway-address', cidr: { address: gateway, prefix: gateway.family === 4 ? 32 : 128 } });
  for (const text of state.inbound_addresses ?? []) {
    const cidr = parseCidr(text);
    if (cidr !== undefined) claims.push({ trunk, matchedBy: 'inbound-address', cidr });
  }
  return claims;
}
