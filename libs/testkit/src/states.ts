import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { organizationState, type OrganizationState } from '@trunkmesh/contracts/organization.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';

/**
 * Whole states of entities for tests. A new field with a default in the contract needs nothing here. What a test gives
 * is taken as it is, also where the contract would refuse it.
 */

const AT = '2026-01-01T00:00:00.000Z';
const SOME_ID = '01900000-0000-7000-8000-000000000001';

const ORGANIZATION = organizationState.parse({
  id: SOME_ID,
  name: 'Organisation',
  status: 'active',
  outbound_country_codes: null,
  created_at: AT,
  updated_at: AT,
});
/** An active organisation. */
export const organizationOf = (with_: Partial<OrganizationState> & Pick<OrganizationState, 'id'>) => ({
  ...ORGANIZATION,
  ...with_,
});

const TRUNK = trunkState.parse({
  id: SOME_ID,
  organization_id: SOME_ID,
  name: 'Trunk',
  gateway: 'sip.example.com',
  register: false,
  enabled: true,
  password: null,
  bridge_id: null,
  gateway_revision: 1,
  created_at: AT,
  updated_at: AT,
});
/** An enabled trunk that is trusted by its address. */
export const trunkOf = (with_: Partial<TrunkState> & Pick<TrunkState, 'id' | 'organization_id'>): TrunkState => ({
  ...TRUNK,
  ...with_,
});

const NUMBER = numberState.parse({
  id: SOME_ID,
  organization_id: SOME_ID,
  phone_number: '+15550100000',
  friendly_name: null,
  provider: null,
  is_active: true,
  sip_trunk_id: null,
  allowed_country_codes: null,
  is_verified_caller_id: false,
  capabilities: {},
  target: { kind: 'assistant', id: 42, name: null, is_active: true },
  created_at: AT,
  updated_at: AT,
});
/** An active number that leads to an assistant; no trunk. */
export const numberOf = (
  with_: Partial<NumberState> & Pick<NumberState, 'id' | 'organization_id' | 'phone_number'>,
): NumberState => ({ ...NUMBER, ...with_ });
