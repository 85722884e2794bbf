import { belongsOnBridge, trunkEvent, type TrunkEvent, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { BridgeIdentity } from '../bridge/bridge-identity.js';

/** A trunk that this bridge should have, according to the events, before it is rendered. */
export interface WantedTrunk {
  state: TrunkState;
  version: number;
  /** The trace that the last change belongs to. */
  traceparent: string | null;
}

export interface DesiredState {
  /** Trunks that belong on this bridge, by id. */
  trunks: Map<string, WantedTrunk>;
  /**
   * The newest version seen of every trunk, including those of other bridges and deleted ones. While a stream is
   * refilled, old events arrive again: without this a trunk's first revision would replace its last, and deleted trunks
   * would return for a moment.
   */
  versions: Map<string, number>;
}

export const emptyDesired = (): DesiredState => ({ trunks: new Map(), versions: new Map() });

export type Noted =
  { changed: false } | { changed: true; trunkId: string; before: TrunkState | null; after: TrunkState | null };

/**
 * Applies one event. An event older than the known version changes nothing; a trunk that the stream does not mention is
 * kept.
 */
export function noteTrunkEvent(
  desired: DesiredState,
  event: TrunkEvent,
  trunkId: string,
  bridge: BridgeIdentity,
): Noted {
  if (event.entityversion < (desired.versions.get(trunkId) ?? 0)) return { changed: false };
  desired.versions.set(trunkId, event.entityversion);
  const before = desired.trunks.get(trunkId)?.state ?? null;
  const after = stateHere(event, bridge);
  if (after === null) desired.trunks.delete(trunkId);
  else
    desired.trunks.set(trunkId, { state: after, version: event.entityversion, traceparent: event.traceparent ?? null });
  return before === null && after === null ? { changed: false } : { changed: true, trunkId, before, after };
}

function stateHere(event: TrunkEvent, bridge: BridgeIdentity): TrunkState | null {
  const { state } = event.data;
  return state !== null && belongsOnBridge(state, bridge) ? state : null;
}

/** Undefined for an event of an unknown type or shape: the trunk is kept until the agent is upgraded. */
export function readTrunkEvent(value: unknown): TrunkEvent | undefined {
  const parsed = trunkEvent.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/**
 * Whether an event certainly belongs to another bridge's trunk, without validating all of it: a bridge receives events
 * of 100,000 trunks and keeps a twentieth.
 */
export function isElsewhere(value: unknown, bridge: BridgeIdentity): boolean {
  const state = (value as { data?: { state?: Partial<TrunkState> | null } } | null)?.data?.state;
  if (state === undefined || state === null) return false;
  return state.bridge_pool !== bridge.pool || (state.register === true && state.bridge_id !== bridge.id);
}
