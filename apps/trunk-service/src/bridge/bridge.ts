import type { BridgeEvent, BridgeState } from '@trunkmesh/contracts/bridge.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';

export type BridgeCommand =
  /** What its heartbeat says of it. */
  | { type: 'RegisterBridge'; id: string; pool: string; sip_address: string; at: string }
  | { type: 'DrainBridge'; at: string }
  | { type: 'RetireBridge'; at: string }
  | { type: 'ResumeBridge'; at: string };

/** A bridge's event before it has an envelope. */
export type BridgeChange = { [E in BridgeEvent as E['type']]: { type: E['type'] } & E['data'] }[BridgeEvent['type']];

export function decide(state: BridgeState | null, command: BridgeCommand): BridgeChange[] {
  switch (command.type) {
    case 'RegisterBridge':
      return register(state, command);
    case 'DrainBridge':
      return drain(existing(state), command.at);
    case 'RetireBridge':
      return retire(existing(state), command.at);
    case 'ResumeBridge':
      return resume(existing(state), command.at);
  }
}

export const evolve = (_state: BridgeState | null, event: BridgeChange): BridgeState | null => event.state;

export const bridgeNotFound = () => new DomainError('bridge-not-found', 'There is no such bridge.');

function existing(state: BridgeState | null): BridgeState {
  if (state === null) throw bridgeNotFound();
  return state;
}

/**
 * A heartbeat never takes a bridge back into service: the operator who drained or retired it had a reason that its
 * agent does not know.
 */
function register(
  state: BridgeState | null,
  { id, pool, sip_address, at }: Extract<BridgeCommand, { type: 'RegisterBridge' }>,
): BridgeChange[] {
  if (state !== null && state.pool === pool && state.sip_address === sip_address) return [];
  const after: BridgeState =
    state === null
      ? { id, pool, sip_address, status: 'active', created_at: at, updated_at: at }
      : { ...state, pool, sip_address, updated_at: at };
  return [{ type: 'BridgeRegistered', change: { pool, sip_address }, state: after }];
}

function drain(state: BridgeState, at: string): BridgeChange[] {
  if (state.status === 'draining') return [];
  if (state.status === 'retired')
    throw new DomainError('conflict', `Bridge ${state.id} is retired: it has nothing left to hand over.`);
  return [{ type: 'BridgeDrained', change: {}, state: { ...state, status: 'draining', updated_at: at } }];
}

function retire(state: BridgeState, at: string): BridgeChange[] {
  if (state.status === 'retired') return [];
  return [{ type: 'BridgeRetired', change: {}, state: { ...state, status: 'retired', updated_at: at } }];
}

function resume(state: BridgeState, at: string): BridgeChange[] {
  if (state.status === 'active') return [];
  const { pool, sip_address } = state;
  return [
    { type: 'BridgeRegistered', change: { pool, sip_address }, state: { ...state, status: 'active', updated_at: at } },
  ];
}
