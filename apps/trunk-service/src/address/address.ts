import type { AddressEvent, AddressEvidence, AddressState } from '@trunkmesh/contracts/address.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';

/** An address's event before it has an envelope. */
export type AddressChange = { [E in AddressEvent as E['type']]: { type: E['type'] } & E['data'] }[AddressEvent['type']];

export type AddressCommand =
  /** `shared`: another organisation has evidence for it already. */
  | { type: 'ProveAddress'; organization_id: string; network: string; evidence: AddressEvidence; shared: boolean }
  /** Another organisation has evidence now as well. */
  | { type: 'ShareAddress'; at: string }
  /** Of those that shared it, this one is left. */
  | { type: 'UnshareAddress'; at: string }
  | { type: 'WithdrawEvidence'; reason: string | null };

export function decide(state: AddressState | null, command: AddressCommand): AddressChange[] {
  switch (command.type) {
    case 'ProveAddress':
      return prove(state, command);
    case 'ShareAddress':
      return share(state, command.at);
    case 'UnshareAddress':
      return unshare(state, command.at);
    case 'WithdrawEvidence':
      return withdraw(state, command.reason);
  }
}

export const evolve = (_state: AddressState | null, event: AddressChange): AddressState | null => event.state;

export const evidenceNotFound = () => new DomainError('evidence-not-found', 'There is no such evidence.');

/**
 * Once proven is proven: a busy address writes nothing. An operator's word replaces other evidence, so that it can be
 * seen who vouches for the address.
 */
function prove(
  state: AddressState | null,
  { organization_id, network, evidence, shared }: Extract<AddressCommand, { type: 'ProveAddress' }>,
): AddressChange[] {
  if (state !== null && (evidence.by !== 'operator' || state.evidence.by === 'operator')) return [];
  const { at } = evidence;
  const after: AddressState =
    state === null
      ? { organization_id, network, evidence, shared_since: shared ? at : null, created_at: at, updated_at: at }
      : { ...state, evidence, updated_at: at };
  return [{ type: 'AddressProven', change: evidence, state: after }];
}

function share(state: AddressState | null, at: string): AddressChange[] {
  if (state === null || state.shared_since !== null) return [];
  return [{ type: 'AddressShared', change: {}, state: { ...state, shared_since: at, updated_at: at } }];
}

function unshare(state: AddressState | null, at: string): AddressChange[] {
  if (state === null || state.shared_since === null) return [];
  return [{ type: 'AddressProven', change: state.evidence, state: { ...state, shared_since: null, updated_at: at } }];
}

function withdraw(state: AddressState | null, reason: string | null): AddressChange[] {
  if (state === null) throw evidenceNotFound();
  return [{ type: 'AddressEvidenceWithdrawn', change: { reason }, state: null }];
}
