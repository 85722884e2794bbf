import { carrierState, type CarrierEvent, type CarrierState } from '@trunkmesh/contracts/carrier.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';

/** A carrier's event before it has an envelope. */
export type CarrierChange = { [E in CarrierEvent as E['type']]: { type: E['type'] } & E['data'] }[CarrierEvent['type']];

export type CarrierFields = Omit<CarrierState, 'id' | 'created_at' | 'updated_at'>;

export type CarrierCommand =
  { type: 'PutCarrier'; id: string; fields: CarrierFields; at: string } | { type: 'RemoveCarrier' };

export function decide(state: CarrierState | null, command: CarrierCommand): CarrierChange[] {
  switch (command.type) {
    case 'PutCarrier':
      return put(state, command);
    case 'RemoveCarrier': {
      if (state === null) throw carrierNotFound();
      return [{ type: 'CarrierRemoved', change: {}, state: null }];
    }
  }
}

export const evolve = (_state: CarrierState | null, event: CarrierChange): CarrierState | null => event.state;

export const carrierNotFound = () => new DomainError('carrier-not-found', 'There is no such carrier in the list.');

const FIELDS = carrierState.omit({ id: true, created_at: true, updated_at: true }).keyof().options;

function put(
  state: CarrierState | null,
  { id, fields, at }: Extract<CarrierCommand, { type: 'PutCarrier' }>,
): CarrierChange[] {
  if (state === null)
    return [{ type: 'CarrierListed', change: {}, state: { id, ...fields, created_at: at, updated_at: at } }];
  const changed = FIELDS.filter((field) => JSON.stringify(fields[field]) !== JSON.stringify(state[field]));
  if (changed.length === 0) return [];
  return [{ type: 'CarrierUpdated', change: { fields: changed }, state: { ...state, ...fields, updated_at: at } }];
}
