import type { OrganizationEvent, OrganizationState } from '@trunkmesh/contracts/organization.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';

/** An organisation's event before it has an envelope. */
export type OrganizationChange = { [E in OrganizationEvent as E['type']]: { type: E['type'] } & E['data'] }[OrganizationEvent['type']];

export type OrganizationFields = Pick<OrganizationState, 'name' | 'outbound_country_codes'>;

export type OrganizationCommand =
  | { type: 'CreateOrganization'; id: string; fields: OrganizationFields; at: string }
  | { type: 'ChangeOrganization'; changes: Partial<OrganizationFields>; at: string }
  | { type: 'SuspendOrganization'; at: string }
  | { type: 'ResumeOrganization'; at: string };

export function decide(state: OrganizationState | null, command: OrganizationCommand): OrganizationChange[] {
  switch (command.type) {
    case 'CreateOrganization': return create(state, command);
    case 'ChangeOrganization': return change(existing(state), command);
    case 'SuspendOrganization': return turn(existing(state), 'suspended', command.at);
    case 'ResumeOrganization': return turn(existing(state), 'active', command.at);
  }
}

export const evolve = (_state: OrganizationState | null, event: OrganizationChange): OrganizationState | null => event.state;

/** Names that differ only in case or in how a letter is composed would be taken for one another. */
export const organizationNameKey = (name: string) => name.normalize('NFKC').trim().toLowerCase();

export const organizationNotFound = () => new DomainError('organization-not-found', 'There is no such organisation.');

function existing(state: OrganizationState | null): OrganizationState {
  if (state === null) throw organizationNotFound();
  return state;
}

function create(state: OrganizationState | null, { id, fields, at }: Extract<OrganizationCommand, { type: 'CreateOrganization' }>): OrganizationChange[] {
  if (state !== null) throw new DomainError('duplicate-organization', 'An organisation with this id exists already.', [{ pointer: '/id', message: 'is the id of another organisation' }]);
  return [{ type: 'OrganizationCreated', change: fields, state: { id, ...fields, status: 'active', created_at: at, updated_at: at } }];
}

function change(state: OrganizationState, { changes, at }: Extract<OrganizationCommand, { type: 'ChangeOrganization' }>): OrganizationChange[] {
  const changed: Partial<OrganizationFields> = {};
  if (changes.name !== undefined && changes.name !== state.name) changed.name = changes.name;
  if (changes.outbound_country_codes !== undefined && JSON.stringify(changes.outbound_country_codes) !== JSON.stringify(state.outbound_country_codes)) {
    changed.outbound_country_codes = changes.outbound_country_codes;
  }
  if (Object.keys(changed).length === 0) return [];
  return [{ type: 'OrganizationUpdated', change: changed, state: { ...state, ...changed, updated_at: at } }];
}

function turn(state: OrganizationState, status: OrganizationState['status'], at: string): OrganizationChange[] {
  if (state.status === status) return [];
  return [{ type: status === 'active' ? 'OrganizationResumed' : 'OrganizationSuspended', change: {}, state: { ...state, status, updated_at: at } }];
}
