import type { AddressState } from '@trunkmesh/contracts/address.js';
import type { CarrierState } from '@trunkmesh/contracts/carrier.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { putCarrier, putEvidence, removeCarrier, removeEvidence } from './route-evidence.js';
import type { RouteIndex } from './route-index.js';
import { deleteNumber, putNumber, type RoutedNumber } from './route-numbers.js';
import { putOrganization, putTrunk, removeOrganization, removeTrunk } from './route-trunks.js';
import { parseUuid } from './uuid-words.js';

/** What of an event routing reads: the state after it, `null` after a deletion. */
export interface StateEvent {
  data: { state: unknown };
}

/**
 * Applies one event of the entities' stream. Subjects may come in any order; the events of one subject in theirs. The
 * subject says which entity it is, the state what became of it. Returns whether it was one that routing keeps; a
 * subject of another kind is left alone.
 */
export function applyEvent(index: RouteIndex, subject: string, event: StateEvent): boolean {
  const entity = entityOfSubject(subject);
  const { state } = event.data;
  switch (entity?.kind) {
    case 'organization':
      return applyOrganization(index, entity.org, state as OrganizationState | null);
    case 'trunk':
      return applyTrunk(index, entity, state as TrunkState | null);
    case 'number':
      return applyNumber(index, entity.org, digitsOfSubject(entity.number), state as NumberState | null);
    case 'address':
      return applyEvidence(index, entity, state as AddressState | null);
    case 'carrier':
      return applyCarrier(index, entity.carrier, state as CarrierState | null);
    case 'rate-plan':
    case 'bridge':
    case undefined:
      return false;
  }
}

function applyOrganization(index: RouteIndex, id: string, state: OrganizationState | null): boolean {
  if (state === null) removeOrganization(index, id);
  else putOrganization(index, id, state);
  return true;
}

function applyTrunk(
  index: RouteIndex,
  { org, trunk }: { org: string; trunk: string },
  state: TrunkState | null,
): boolean {
  if (state === null) removeTrunk(index, org, trunk);
  else putTrunk(index, org, { ...state, id: trunk });
  return true;
}

function applyEvidence(
  index: RouteIndex,
  { org, network }: { org: string; network: string },
  state: AddressState | null,
): boolean {
  if (state === null) removeEvidence(index, org, network);
  else putEvidence(index, org, network);
  return true;
}

function applyCarrier(index: RouteIndex, id: string, state: CarrierState | null): boolean {
  if (state === null) removeCarrier(index, id);
  else putCarrier(index, id, state);
  return true;
}

/** A subject's number as an integer, 0 where it holds none. */
function digitsOfSubject(number: string): number {
  return /^\+[1-9]\d{6,14}$/.test(number) ? Number(number.slice(1)) : 0;
}

/** Filled and copied within one call. */
const ID = new Uint32Array(4);

function applyNumber(index: RouteIndex, organization: string, digits: number, state: NumberState | null): boolean {
  if (digits === 0) return false;
  if (state === null) deleteNumber(index, organization, digits);
  else putNumber(index, organization, routedNumber(digits, state));
  return true;
}

function routedNumber(digits: number, state: NumberState): RoutedNumber {
  if (!parseUuid(state.id, ID)) throw new TypeError(`the number +${digits} has an id that is no UUID`);
  return {
    digits,
    id: ID,
    active: state.is_active,
    trunkId: state.sip_trunk_id ?? null,
    countries: state.allowed_country_codes ?? null,
    targetKind: state.target?.kind ?? null,
    targetId: state.target?.id ?? 0,
    targetActive: state.target?.is_active ?? false,
    proven: state.proof !== undefined,
    verified: state.is_verified_caller_id,
  };
}
