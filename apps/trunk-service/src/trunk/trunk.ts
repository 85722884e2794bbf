import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { SETTING_EFFECTS, type TrunkEvent, type TrunkSettings, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { claimsAfter, claimsOf, claimsResolved } from '@trunkmesh/routing/claims.js';
import type { NextEvent } from '../event-store/decided.js';

/** A trunk's event before it has an envelope. */
export type TrunkChange = { [E in TrunkEvent as E['type']]: { type: E['type'] } & E['data'] }[TrunkEvent['type']];

/**
 * Where a registering, enabled trunk should live: its present bridge while that is good, another one where it is not,
 * null where none is alive.
 */
export type Place = (trunk: Pick<TrunkState, 'id' | 'bridge_pool' | 'bridge_id'>) => string | null;

export type TrunkCommand =
  /** `approved`: by an operator, who may claim what an organisation may not. */
  | {
      type: 'CreateTrunk';
      id: string;
      organization_id: string;
      settings: TrunkSettings;
      enabled: boolean;
      password: string | null;
      place: Place;
      approved?: boolean;
    }
  /**
   * `password`: sealed; undefined keeps it. The caller knows whether it differs from the present one, which a
   * ciphertext does not show.
   */
  | {
      type: 'ChangeTrunk';
      settings: TrunkSettings;
      enabled?: boolean;
      password?: string | null;
      place: Place;
      approved?: boolean;
    }
  /** The gateway's name leads to these networks now, and to no others. */
  | { type: 'ResolveTrunk'; networks: readonly string[] }
  | { type: 'EnableTrunk'; place: Place }
  | { type: 'DisableTrunk' }
  | { type: 'PlaceTrunk'; bridge_id: string | null }
  | { type: 'ReencryptPassword'; password: string }
  | { type: 'DeleteTrunk' };

export function decide(state: TrunkState | null, command: TrunkCommand, next: NextEvent): TrunkChange[] {
  if (command.type === 'CreateTrunk') return create(state, command, next);
  const existing = required(state);
  switch (command.type) {
    case 'ChangeTrunk':
      return change(existing, command, next);
    case 'ResolveTrunk':
      return inSequence(existing, next, [resolved(command.networks)]);
    case 'EnableTrunk':
      return inSequence(existing, next, [turn(true), placed(command.place)]);
    case 'DisableTrunk':
      return inSequence(existing, next, [turn(false)]);
    case 'PlaceTrunk':
      return inSequence(existing, next, [placed(() => command.bridge_id)]);
    case 'ReencryptPassword':
      return inSequence(existing, next, [reencrypted(command.password)]);
    case 'DeleteTrunk':
      return [{ type: 'TrunkDeleted', change: {}, state: null }];
  }
}

export const evolve = (_state: TrunkState | null, event: TrunkChange): TrunkState | null => event.state;

export const trunkNotFound = () => new DomainError('trunk-not-found', 'There is no such trunk.');
export const duplicateTrunkName = () =>
  new DomainError('duplicate-trunk-name', 'A trunk with this name already exists (names are case-insensitive).', [
    { pointer: '/name', message: 'is the name of another trunk' },
  ]);

/** A change of one of these needs a new gateway in FreeSWITCH. The password and the bridge are not settings. */
const needsNewGateway = (field: string): boolean =>
  field === 'password' ||
  field === 'bridge_id' ||
  (field in SETTING_EFFECTS && SETTING_EFFECTS[field as keyof TrunkSettings] !== 'none');

/** One step of a decision: the event that it adds to a state, or none. */
type Step = (state: TrunkState, next: NextEvent) => TrunkChange | undefined;

/** Each step on the state that the one before left, with the version that its event will have. */
function inSequence(state: TrunkState, next: NextEvent, steps: readonly Step[]): TrunkChange[] {
  const events: TrunkChange[] = [];
  let now = state;
  for (const step of steps) {
    const event = step(now, { at: next.at, version: next.version + events.length });
    if (event === undefined) continue;
    events.push(event);
    now = event.state ?? now;
  }
  return events;
}

function create(
  state: TrunkState | null,
  command: Extract<TrunkCommand, { type: 'CreateTrunk' }>,
  next: NextEvent,
): TrunkChange[] {
  if (state !== null)
    throw new DomainError('conflict', 'A trunk with this id exists already.', [
      { pointer: '/id', message: 'is the id of another trunk' },
    ]);
  const { id, organization_id, settings, enabled, password } = command;
  const created: TrunkState = {
    ...settings,
    id,
    organization_id,
    enabled,
    password,
    bridge_id: null,
    gateway_revision: next.version,
    created_at: next.at,
    updated_at: next.at,
    address_claims: claimsAfter(null, settings, { at: next.at, approved: command.approved === true }),
  };
  const first: TrunkChange = { type: 'TrunkCreated', change: {}, state: created };
  return [first, ...inSequence(created, { ...next, version: next.version + 1 }, [placed(command.place)])];
}

/**
 * A trunk that goes off is disabled first, one that comes on is enabled last: no reader ever sees a gateway in between
 * that nobody asked for. A password that comes with other changes is in their event, so that FreeSWITCH never registers
 * to the new gateway with the old password.
 */
function change(
  state: TrunkState,
  command: Extract<TrunkCommand, { type: 'ChangeTrunk' }>,
  next: NextEvent,
): TrunkChange[] {
  const { enabled = state.enabled, place } = command;
  const update = updated(command);
  return inSequence(state, next, enabled ? [update, turn(true), placed(place)] : [turn(false), update]);
}

const updated =
  ({ settings, password, approved = false }: Extract<TrunkCommand, { type: 'ChangeTrunk' }>): Step =>
  (state, next) => {
    const wanted: Partial<TrunkState> = { ...settings, ...(password === undefined ? {} : { password }) };
    const fields = (Object.keys(wanted) as (keyof TrunkState)[]).filter(
      (field) => !same(wanted[field], beforeOf(state)[field]),
    );
    if (fields.length === 0) return undefined;
    const address_claims = claimsAfter(state, settings, { at: next.at, approved });
    const after = revised(
      state,
      { ...wanted, address_claims, ...(settings.register ? {} : { bridge_id: null }) },
      next,
    );
    return fields.length === 1 && fields[0] === 'password'
      ? { type: 'TrunkCredentialsChanged', change: { reason: 'changed' }, state: after }
      : { type: 'TrunkUpdated', change: { fields }, state: after };
  };

/** Ours alone, as FreeSWITCH resolves the name by itself: the gateway's revision stays. */
const resolved =
  (networks: readonly string[]): Step =>
  (state, next) => {
    const address_claims = claimsResolved(state, networks, next.at);
    const [before, after] = [claimsOf(state), address_claims].map((claims) => claims.map(({ network }) => network)) as [
      string[],
      string[],
    ];
    const added = after.filter((network) => !before.includes(network));
    const removed = before.filter((network) => !after.includes(network));
    if (added.length + removed.length === 0) return undefined;
    return {
      type: 'TrunkResolved',
      change: { added, removed },
      state: { ...state, address_claims, updated_at: next.at },
    };
  };

const turn =
  (enabled: boolean): Step =>
  (state, next) => {
    if (state.enabled === enabled) return undefined;
    const after = { ...state, enabled, updated_at: next.at };
    // Disabled, it has no gateway, whatever the revision; enabled again it must not take up the name of the one that
    // may still be going away.
    return enabled
      ? { type: 'TrunkEnabled', change: {}, state: { ...after, gateway_revision: next.version } }
      : { type: 'TrunkDisabled', change: {}, state: after };
  };

const placed =
  (place: Place): Step =>
  (state, next) => {
    if (!state.register || !state.enabled) return undefined;
    const bridge_id = place(state);
    if (bridge_id === state.bridge_id) return undefined;
    return {
      type: 'TrunkPlaced',
      change: { bridge_id, from: state.bridge_id },
      state: revised(state, { bridge_id }, next),
    };
  };

const reencrypted =
  (password: string): Step =>
  (state, next) =>
    state.password === null || state.password === password
      ? undefined
      : {
          type: 'TrunkCredentialsChanged',
          change: { reason: 'reencrypted' },
          state: { ...state, password, updated_at: next.at },
        };

function revised(state: TrunkState, patch: Partial<TrunkState>, next: NextEvent): TrunkState {
  const gateway = Object.entries(patch).some(
    ([field, value]) => needsNewGateway(field) && !same(value, beforeOf(state)[field as keyof TrunkState]),
  );
  return { ...state, ...patch, updated_at: next.at, gateway_revision: gateway ? next.version : state.gateway_revision };
}

function required(state: TrunkState | null): TrunkState {
  if (state === null) throw trunkNotFound();
  return state;
}

/** A trunk of an earlier version has the defaults of what it says nothing of. */
const beforeOf = (state: TrunkState): TrunkState => ({ ...OUTBOUND_DEFAULTS, ...state });

/** Equal whatever the order of keys; the values are JSON. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) => Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}
