import type { BridgeHeartbeat, BridgeState } from '@trunkmesh/contracts/bridge.js';
import { healthOf, type Health, type HeardBridge } from './liveness.js';

/** A bridge as the event store knows it, and its last heartbeat. */
export interface FleetBridge extends BridgeState {
  health: Health;
  heard: HeardBridge | undefined;
}

export function fleetOf(
  states: readonly BridgeState[],
  heard: ReadonlyMap<string, HeardBridge>,
  listeningSince: number | null,
  now: number,
): FleetBridge[] {
  return states.map((state) => {
    const last = heard.get(state.id);
    return { ...state, health: healthOf(last, listeningSince, now), heard: last };
  });
}

/** What the event store does not know yet: new bridges, and those that came back with another pool or address. */
export function unregistered(
  states: readonly BridgeState[],
  heard: ReadonlyMap<string, HeardBridge>,
  listeningSince: number | null,
  now: number,
): BridgeHeartbeat[] {
  const known = new Map(states.map((state) => [state.id, state]));
  return [...heard.values()]
    .map(({ heartbeat }) => heartbeat)
    .filter((heartbeat) => {
      const state = known.get(heartbeat.bridge_id);
      const differs =
        state === undefined || state.pool !== heartbeat.pool || state.sip_address !== heartbeat.sip_address;
      // What was said before we listened may be from a host that is long gone.
      return (
        differs &&
        healthOf(heard.get(heartbeat.bridge_id), listeningSince, now) !== 'lost' &&
        heard.get(heartbeat.bridge_id)!.heard_at > 0
      );
    });
}
