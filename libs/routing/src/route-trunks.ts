import type { NumberRule } from '@trunkmesh/contracts/number-rule.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { addAddress, parseCidr, removeAddress, type Cidr } from './address.js';
import { claimsOf, formatNetwork, isWide } from './claims.js';
import { acquire, release } from './interned.js';
import { dialectOf } from './number-format.js';
import {
  holdOrganization,
  holdTrunk,
  releaseOrganization,
  releaseTrunk,
  type RouteFilter,
  type RouteIndex,
} from './route-index.js';
import { dropNumbers } from './route-numbers.js';
import { forgetStandings } from './standing.js';
import { hashOf } from './text-hash.js';
import type { AddressClaim, OrganizationEntry, RoutedTrunk, TrunkEntry } from './route-entries.js';

export function putOrganization(
  index: RouteIndex,
  id: string,
  state: Pick<
    OrganizationState,
    'status' | 'country' | 'outbound_country_codes' | 'outbound_failover' | 'outbound_special_numbers'
  >,
): void {
  const entry = holdOrganization(index, id);
  if (entry.state !== null) releaseOrganization(index, entry);
  entry.state = {
    status: state.status,
    country: state.country ?? null,
    outbound_country_codes: state.outbound_country_codes ?? null,
    outbound_failover: state.outbound_failover ?? 'any_trunk',
    outbound_special_numbers: state.outbound_special_numbers ?? [],
  };
}

export function removeOrganization(index: RouteIndex, id: string): void {
  const handle = index.organizations.handles.get(id);
  const entry = handle === undefined ? undefined : index.organizations.values[handle];
  if (entry === undefined || entry.state === null) return;
  entry.state = null;
  releaseOrganization(index, entry);
}

export function putTrunk(index: RouteIndex, organizationId: string, state: TrunkState): void {
  if (index.only !== undefined && state.bridge_pool !== index.only.pool)
    return removeTrunk(index, organizationId, state.id);
  const organization = holdOrganization(index, organizationId);
  const entry = holdTrunk(index, organization, state.id);
  releaseOrganization(index, organization);
  const pool = entry.state?.pool;
  if (entry.state === null) {
    enter(index, entry);
  } else {
    releaseTrunk(index, entry);
    release(index.dialects, entry.state.dialectHandle);
  }
  entry.state = routedTrunk(index, state);
  const claims = routedClaims(entry, state);
  if (entry.state.pool === pool && sameClaims(entry.claims, claims)) return;
  dropClaims(index, entry);
  entry.claims = claims;
  for (const claim of claims) addAddress(index.addresses, claim.cidr, claim);
  forgetStandings(
    index,
    claims.map(({ cidr }) => cidr),
  );
}

function routedTrunk(index: RouteIndex, state: TrunkState): RoutedTrunk {
  const dialect = dialectOf({ default_country: state.default_country ?? null, number_rules: state.number_rules ?? [] });
  const dialectHandle = acquire(index.dialects, dialect.key, () => dialect);
  return {
    enabled: state.enabled,
    pool: state.bridge_pool,
    priority: state.priority,
    username: state.username ?? null,
    authUsername: state.auth_username ?? null,
    outboundCountryCodes: state.outbound_country_codes ?? null,
    idHash: hashOf(state.id),
    registers: state.register,
    bridgeId: state.bridge_id ?? null,
    outboundRules: outboundRules(state.number_rules ?? []),
    dialect: index.dialects.values[dialectHandle]!,
    dialectHandle,
  };
}

/** Most trunks have none, and share this. */
const NO_RULES: readonly NumberRule[] = [];

function outboundRules(rules: readonly NumberRule[]): readonly NumberRule[] {
  const outbound = rules.filter(({ direction }) => direction === 'outbound');
  return outbound.length === 0 ? NO_RULES : outbound;
}

function dropClaims(index: RouteIndex, entry: TrunkEntry): void {
  for (const claim of entry.claims) removeAddress(index.addresses, claim.cidr, claim);
  forgetStandings(
    index,
    entry.claims.map(({ cidr }) => cidr),
  );
  entry.claims = [];
}

export function removeTrunk(index: RouteIndex, organizationId: string, id: string): void {
  const entry = index.trunks.get(id);
  if (entry?.organization.id !== organizationId || entry.state === null) return;
  release(index.dialects, entry.state.dialectHandle);
  dropClaims(index, entry);
  entry.state = null;
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

/** What is not readable claims nothing. */
function routedClaims(trunk: TrunkEntry, state: TrunkState): AddressClaim[] {
  const claims: AddressClaim[] = [];
  for (const { network, via, since, approved } of claimsOf(state)) {
    const cidr = parseCidr(network);
    if (cidr !== undefined)
      claims.push({ trunk, matchedBy: MATCHED_BY[via], cidr, since, yields: approved !== true && isWide(cidr) });
  }
  return claims;
}

const MATCHED_BY = { gateway: 'gateway-address', inbound: 'inbound-address', name: 'resolved-host' } as const;

/** Many events change no claim: then who counts at these addresses stays known. */
function sameClaims(before: readonly AddressClaim[], after: readonly AddressClaim[]): boolean {
  return (
    before.length === after.length &&
    before.every((claim, at) => {
      const other = after[at]!;
      return (
        claim.since === other.since &&
        claim.matchedBy === other.matchedBy &&
        claim.yields === other.yields &&
        sameCidr(claim.cidr, other.cidr)
      );
    })
  );
}

const sameCidr = (a: Cidr, b: Cidr): boolean => formatNetwork(a) === formatNetwork(b);
