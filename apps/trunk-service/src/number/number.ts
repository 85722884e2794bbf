import {
  numberState,
  type NumberEvent,
  type NumberProof,
  type NumberState,
  type NumberTarget,
} from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { z } from 'zod';
import { reencryptedSettings, withSettings } from '../call-settings/call-settings.js';

/** What a client may set. `call_settings`: all that are set afterwards, the secret sealed; empty: none. */
const numberFields = numberState.omit({
  id: true,
  organization_id: true,
  phone_number: true,
  proof: true,
  created_at: true,
  updated_at: true,
});
export type NumberFields = z.infer<typeof numberFields>;

/** The fields that a client writes as they are stored; where calls go and the call settings have rules of their own. */
export const PLAIN_FIELDS = numberFields.omit({ target: true, call_settings: true }).keyof().options;

/** Advice where a number is taken. */
export const HOW_TO_CLAIM = 'If it is yours, claim it: POST /api/v1/phone-numbers/claims.';

export const NEW_NUMBER: NumberFields = {
  friendly_name: null,
  provider: null,
  is_active: true,
  sip_trunk_id: null,
  allowed_country_codes: null,
  is_verified_caller_id: false,
  capabilities: { voice: true },
  target: null,
};

export type NumberCommand =
  | {
      type: 'AddNumber';
      id: string;
      organization_id: string;
      phone_number: string;
      fields: NumberFields;
      at: string;
      proof?: NumberProof;
    }
  /**
   * A call for it arrived from an address where the organisation has evidence, or an operator says that it is the
   * organisation's.
   */
  | { type: 'ProveNumber'; by: NumberProof['by']; at: string }
  | { type: 'ChangeNumber'; changes: Partial<NumberFields>; at: string }
  /** `signing_secret`: the same one, sealed with another key. */
  | { type: 'ReencryptSecret'; signing_secret: string; at: string }
  | { type: 'RemoveNumber' };

/** A number's event before it has an envelope. */
export type NumberChange = { [E in NumberEvent as E['type']]: { type: E['type'] } & E['data'] }[NumberEvent['type']];

export function decide(state: NumberState | null, command: NumberCommand): NumberChange[] {
  switch (command.type) {
    case 'AddNumber':
      return add(command, state);
    case 'ChangeNumber':
      return change(command, existing(state));
    case 'ProveNumber':
      return prove(command, existing(state));
    case 'ReencryptSecret':
      return reencrypt(command, existing(state));
    case 'RemoveNumber':
      existing(state);
      return [{ type: 'NumberRemoved', change: {}, state: null }];
  }
}

/** The whole state travels in the event, so that a reader starts from the last event per subject. */
export const evolve = (_state: NumberState | null, event: NumberChange): NumberState | null => event.state;

function existing(state: NumberState | null): NumberState {
  if (state === null) throw new DomainError('number-not-found', 'There is no such phone number.');
  return state;
}

function add(command: Extract<NumberCommand, { type: 'AddNumber' }>, state: NumberState | null): NumberChange[] {
  if (state !== null)
    throw new DomainError('duplicate-number', `${command.phone_number} is already one of your numbers.`, [
      { pointer: '/phone_number', message: 'is already one of your numbers' },
    ]);
  const { id, organization_id, phone_number, fields, at, proof } = command;
  const added: NumberState = {
    id,
    organization_id,
    phone_number,
    ...fields,
    ...(proof === undefined ? {} : { proof }),
    created_at: at,
    updated_at: at,
  };
  return [{ type: 'NumberAdded', change: {}, state: withSettings(added, fields.call_settings) }];
}

/** Once proven it stays so; an operator's word is kept in place of a call. */
function prove({ by, at }: Extract<NumberCommand, { type: 'ProveNumber' }>, state: NumberState): NumberChange[] {
  if (state.proof !== undefined && (by === 'call' || state.proof.by === 'operator')) return [];
  return [{ type: 'NumberProven', change: { by }, state: { ...state, proof: { by, at }, updated_at: at } }];
}

/**
 * One event a kind of change: a reader that only wants to know where a number leads need not look at its name's
 * changes.
 */
function change(
  { changes, at }: Extract<NumberCommand, { type: 'ChangeNumber' }>,
  before: NumberState,
): NumberChange[] {
  const events: NumberChange[] = [];
  let state = before;
  // A change of the trunk is an event of its own.
  const fields: (keyof NumberFields)[] = PLAIN_FIELDS.filter(
    (field) => field !== 'sip_trunk_id' && changes[field] !== undefined && !same(changes[field], before[field]),
  );
  const { call_settings = before.call_settings } = changes;
  if (!same(call_settings ?? {}, before.call_settings ?? {})) fields.push('call_settings');
  if (fields.length > 0) {
    state = withSettings({ ...state, ...pick(changes, fields), updated_at: at }, call_settings);
    events.push({ type: 'NumberUpdated', change: { fields }, state });
  }
  const assigned = assignment(changes, state);
  if (Object.keys(assigned).length > 0) {
    state = { ...state, ...assigned, updated_at: at };
    events.push({ type: 'NumberAssigned', change: assigned, state });
  }
  if (changes.sip_trunk_id === null && state.sip_trunk_id !== null) {
    const sip_trunk_id = state.sip_trunk_id;
    state = { ...state, sip_trunk_id: null, updated_at: at };
    events.push({ type: 'NumberUnassigned', change: { sip_trunk_id }, state });
  }
  return events;
}

/** Nothing changes for a reader: the same secret under another key. */
function reencrypt(
  { signing_secret, at }: Extract<NumberCommand, { type: 'ReencryptSecret' }>,
  state: NumberState,
): NumberChange[] {
  const settings = reencryptedSettings(state, signing_secret);
  return settings === undefined
    ? []
    : [{ type: 'NumberUpdated', change: { fields: [] }, state: withSettings({ ...state, updated_at: at }, settings) }];
}

function assignment(
  changes: Partial<NumberFields>,
  state: NumberState,
): { sip_trunk_id?: string; target?: NumberTarget | null } {
  const trunk = changes.sip_trunk_id;
  const target = changes.target;
  return {
    ...(trunk && trunk !== state.sip_trunk_id ? { sip_trunk_id: trunk } : {}),
    ...(target !== undefined && !same(target, state.target) ? { target } : {}),
  };
}

const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]) =>
  Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;

/** Equal whatever the order of keys; the values are JSON. */
export function same(a: unknown, b: unknown): boolean {
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
