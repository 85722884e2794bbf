import type { CarrierState } from '@trunkmesh/contracts/carrier.js';
import { addAddress, parseCidr, removeAddress, type Cidr } from './address.js';
import { dialectOf } from './number-format.js';
import { holdOrganization, releaseOrganization, type RouteIndex } from './route-index.js';
import { forgetStandings } from './standing.js';

/**
 * What proves that an organisation is served from a network, and the operator's list of shared carriers (design,
 * "Claims on shared names").
 */

export function putEvidence(index: RouteIndex, organizationId: string, network: string): void {
  const cidr = parseCidr(network);
  if (cidr === undefined) return;
  const organization = holdOrganization(index, organizationId);
  const key = `${organization.handle}/${network}`;
  if (index.evidenceKeys.has(key)) return releaseOrganization(index, organization);
  index.evidenceKeys.add(key);
  addAddress(index.evidence, cidr, organization);
  forgetStandings(index, [cidr]);
}

export function removeEvidence(index: RouteIndex, organizationId: string, network: string): void {
  const handle = index.organizations.handles.get(organizationId);
  const cidr = parseCidr(network);
  if (handle === undefined || cidr === undefined || !index.evidenceKeys.delete(`${handle}/${network}`)) return;
  const organization = index.organizations.values[handle]!;
  removeAddress(index.evidence, cidr, organization);
  forgetStandings(index, [cidr]);
  releaseOrganization(index, organization);
}

export function putCarrier(
  index: RouteIndex,
  id: string,
  state: Pick<CarrierState, 'networks' | 'default_country'>,
): void {
  removeCarrier(index, id);
  const cidrs = state.networks.map(parseCidr).filter((cidr): cidr is Cidr => cidr !== undefined);
  const carrier = { dialect: dialectOf({ default_country: state.default_country, number_rules: [] }), cidrs };
  index.carriers.set(id, carrier);
  for (const cidr of cidrs) addAddress(index.carrierNetworks, cidr, carrier);
  forgetStandings(index, cidrs);
}

export function removeCarrier(index: RouteIndex, id: string): void {
  const carrier = index.carriers.get(id);
  if (carrier === undefined) return;
  index.carriers.delete(id);
  for (const cidr of carrier.cidrs) removeAddress(index.carrierNetworks, cidr, carrier);
  forgetStandings(index, carrier.cidrs);
}
