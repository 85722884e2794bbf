import {
  organizationQuotas,
  type OrganizationEvent,
  type OrganizationQuotas,
  type OrganizationState,
} from '@trunkmesh/contracts/organization.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { poolsOf } from '../bridge/pool-policy.js';
import { changedSettings, reencryptedSettings, withSettings } from '../call-settings/call-settings.js';

/** An organisation's event before it has an envelope. */
export type OrganizationChange = {
  [E in OrganizationEvent as E['type']]: { type: E['type'] } & E['data'];
}[OrganizationEvent['type']];

/** `call_settings`: all that are set afterwards, the secret sealed; empty: none. */
export type OrganizationFields = Pick<
  OrganizationState,
  | 'name'
  | 'country'
  | 'outbound_country_codes'
  | 'outbound_failover'
  | 'outbound_special_numbers'
  | 'time_zone'
  | 'call_settings'
> & {
  /** Null: the default pool alone. */
  bridge_pools?: string[] | null | undefined;
  /** Null: the installation's. */
  quotas?: OrganizationQuotas | null | undefined;
};

export type OrganizationCommand =
  | { type: 'CreateOrganization'; id: string; fields: OrganizationFields; at: string }
  | { type: 'ChangeOrganization'; changes: Partial<OrganizationFields>; at: string }
  /** `signing_secret`: the same one, sealed with another key. */
  | { type: 'ReencryptSecret'; signing_secret: string; at: string }
  | { type: 'SuspendOrganization'; at: string }
  | { type: 'ResumeOrganization'; at: string };

export function decide(state: OrganizationState | null, command: OrganizationCommand): OrganizationChange[] {
  switch (command.type) {
    case 'CreateOrganization':
      return create(state, command);
    case 'ChangeOrganization':
      return change(existing(state), command);
    case 'ReencryptSecret':
      return reencrypt(existing(state), command);
    case 'SuspendOrganization':
      return turn(existing(state), 'suspended', command.at);
    case 'ResumeOrganization':
      return turn(existing(state), 'active', command.at);
  }
}

export const evolve = (_state: OrganizationState | null, event: OrganizationChange): OrganizationState | null =>
  event.state;

export const organizationNotFound = () => new DomainError('organization-not-found', 'There is no such organisation.');

function existing(state: OrganizationState | null): OrganizationState {
  if (state === null) throw organizationNotFound();
  return state;
}

function create(
  state: OrganizationState | null,
  { id, fields, at }: Extract<OrganizationCommand, { type: 'CreateOrganization' }>,
): OrganizationChange[] {
  if (state !== null)
    throw new DomainError('duplicate-organization', 'An organisation with this id exists already.', [
      { pointer: '/id', message: 'is the id of another organisation' },
    ]);
  const { call_settings, bridge_pools, quotas, ...plain } = fields;
  const given = { ...(bridge_pools ? { bridge_pools } : {}), ...(quotas ? { quotas } : {}) };
  const made: OrganizationState = { id, ...plain, status: 'active', ...given, created_at: at, updated_at: at };
  return [
    {
      type: 'OrganizationCreated',
      change: { ...plain, ...given, ...named(changedSettings({}, call_settings)) },
      state: withSettings(made, call_settings),
    },
  ];
}

function change(
  state: OrganizationState,
  { changes, at }: Extract<OrganizationCommand, { type: 'ChangeOrganization' }>,
): OrganizationChange[] {
  const changed: Partial<OrganizationFields> = {};
  const read = { ...DEFAULTS, ...state };
  for (const field of PLAIN_FIELDS) {
    const value = changes[field];
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(read[field]))
      Object.assign(changed, { [field]: value });
  }
  Object.assign(changed, changedByOperator(changes, state));
  const { call_settings = state.call_settings } = changes;
  const settings = named(changedSettings(state.call_settings, call_settings));
  if (Object.keys({ ...changed, ...settings }).length === 0) return [];
  return [
    {
      type: 'OrganizationUpdated',
      change: { ...changed, ...settings },
      state: withSettings({ ...withGiven({ ...state, ...changed }), updated_at: at }, call_settings),
    },
  ];
}

/** What a client reads where nothing was set: to send it back changes nothing. */
const DEFAULTS: Partial<OrganizationFields> = {
  country: null,
  outbound_failover: 'any_trunk',
  outbound_special_numbers: [],
  time_zone: 'UTC',
};
const PLAIN_FIELDS = [
  'name',
  'country',
  'outbound_country_codes',
  'outbound_failover',
  'outbound_special_numbers',
  'time_zone',
] as const;

function changedByOperator({ bridge_pools, quotas }: Given, state: OrganizationState): Given {
  return {
    ...(bridge_pools === undefined || samePools({ bridge_pools }, state) ? {} : { bridge_pools }),
    ...(quotas === undefined || sameQuotas(quotas, state.quotas) ? {} : { quotas }),
  };
}

/** None is the same as null. */
export const sameQuotas = (one: OrganizationQuotas | null | undefined, other: OrganizationQuotas | null | undefined) =>
  QUOTA_NAMES.every((name) => one?.[name] === other?.[name]);
const QUOTA_NAMES = organizationQuotas.keyof().options;

/** Where none are named it is the default pool, which a client may send back as it read it. */
export const samePools = (
  one: Pick<OrganizationFields, 'bridge_pools'>,
  other: Pick<OrganizationFields, 'bridge_pools'>,
) => JSON.stringify(poolsOf(one)) === JSON.stringify(poolsOf(other));

type Given = Pick<OrganizationFields, 'quotas' | 'bridge_pools'>;

/** What is null is left out. */
function withGiven({
  quotas,
  bridge_pools,
  ...state
}: Omit<OrganizationState, keyof Given> & Given): OrganizationState {
  return { ...state, ...(bridge_pools ? { bridge_pools } : {}), ...(quotas ? { quotas } : {}) };
}

/** Only the names: the state holds the values, which may be secret. */
const named = (settings: string[]) => (settings.length === 0 ? {} : { call_settings_changed: settings });

/** Nothing changes for a reader: the same secret under another key. */
function reencrypt(
  state: OrganizationState,
  { signing_secret, at }: Extract<OrganizationCommand, { type: 'ReencryptSecret' }>,
): OrganizationChange[] {
  const settings = reencryptedSettings(state, signing_secret);
  return settings === undefined
    ? []
    : [{ type: 'OrganizationUpdated', change: {}, state: withSettings({ ...state, updated_at: at }, settings) }];
}

function turn(state: OrganizationState, status: OrganizationState['status'], at: string): OrganizationChange[] {
  if (state.status === status) return [];
  return [
    {
      type: status === 'active' ? 'OrganizationResumed' : 'OrganizationSuspended',
      change: {},
      state: { ...state, status, updated_at: at },
    },
  ];
}
