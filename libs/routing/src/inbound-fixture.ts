import type { AddressState } from '@trunkmesh/contracts/address.js';
import type { CarrierState } from '@trunkmesh/contracts/carrier.js';
import type { InboundRequest } from '@trunkmesh/contracts/routing.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import {
  addressSubject,
  carrierSubject,
  numberSubject,
  organizationSubject,
  trunkSubject,
} from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { numberOf, organizationOf, trunkOf } from '@trunkmesh/testkit/states.js';
import { decideInbound } from './decide-inbound.js';
import { explainInbound } from './explain-inbound.js';
import { applyEvent } from './route-events.js';
import { createRouteIndex, type RouteIndex } from './route-index.js';

/**
 * What the specs of routing start from: an entity with the defaults of a create, and an INVITE from the address that
 * the trunk has.
 */

const AT = '2026-01-01T00:00:00.000Z';
export const id = (kind: number, at: number): string =>
  `0190000${kind}-0000-7000-8000-${at.toString(16).padStart(12, '0')}`;
export const ORG = (at: number): string => id(1, at);
export const TRUNK = (at: number): string => id(2, at);
export const NUMBER_ID = (digits: number): string => id(3, digits);
export const PBX = '198.51.100.7';

export const organization = (at: number, with_: Partial<OrganizationState> = {}): OrganizationState =>
  organizationOf({ id: ORG(at), name: `Organisation ${at}`, ...with_ });

export const trunk = (org: number, at: number, with_: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({ id: TRUNK(at), organization_id: ORG(org), name: `trunk ${at}`, gateway: PBX, ...with_ });

export const number = (org: number, phone: string, with_: Partial<NumberState> = {}): NumberState =>
  numberOf({ id: NUMBER_ID(Number(phone.slice(1))), organization_id: ORG(org), phone_number: phone, ...with_ });

/** Evidence of an organisation for an address or network. */
export const evidence = (org: number, network: string = `${PBX}/32`): AddressState => ({
  organization_id: ORG(org),
  network,
  evidence: { by: 'call', at: AT, trunk_id: null, call_id: null },
  shared_since: null,
  created_at: AT,
  updated_at: AT,
});

export const carrier = (id: string, networks: string[], default_country: string | null = null): CarrierState => ({
  id,
  name: id,
  networks,
  default_country,
  created_at: AT,
  updated_at: AT,
});

/** A number that a call has proven. */
export const PROVEN: Partial<NumberState> = { proof: { by: 'call', at: AT } };

export type Entity = OrganizationState | TrunkState | NumberState | AddressState | CarrierState;

export function subjectOf(entity: Entity): string {
  if ('evidence' in entity) return addressSubject(entity.organization_id, entity.network);
  if ('networks' in entity) return carrierSubject(entity.id);
  if ('phone_number' in entity) return numberSubject(entity.organization_id, entity.phone_number);
  return 'gateway' in entity ? trunkSubject(entity.organization_id, entity.id) : organizationSubject(entity.id);
}

export function indexOf(...entities: Entity[]): RouteIndex {
  const index = createRouteIndex();
  for (const entity of entities) applyEvent(index, subjectOf(entity), { data: { state: entity } });
  return index;
}

export const invite = (with_: Partial<InboundRequest> = {}): InboundRequest => ({
  call_id: 'c',
  bridge_id: 'b1',
  pool: 'default',
  source_address: PBX,
  resolved_trunks: [],
  claimed_gateway: null,
  request_uri_user: '9228',
  to_user: '9228',
  from_user: '+15559876543',
  headers: [],
  ...with_,
});

/** given these entities, an INVITE like this → its decision; as one organisation may see it where one is named. */
export const given = (...entities: Entity[]) => ({
  when: (with_: Partial<InboundRequest> = {}) => decideInbound(indexOf(...entities), invite(with_)),
  explain: (with_: Partial<InboundRequest>, organizationId: string | null) =>
    explainInbound(indexOf(...entities), invite(with_), organizationId),
});
