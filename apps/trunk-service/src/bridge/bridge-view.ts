import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import type { FleetBridge } from './fleet.js';

/** What an organisation needs of a bridge: where to point its carrier. */
export function publicView({ id, pool, sip_address, status, health }: FleetBridge) {
  return { id, pool, sip_address, status, alive: alive(health) };
}

/** Null: not known now. */
const alive = (health: FleetBridge['health']) => (health === 'unknown' ? null : health === 'serving');

/**
 * What the operator needs. `head`: the sequence of the last trunk's event, null where JetStream does not say;
 * `trunks`: registering trunks placed there.
 */
export function operatorView(bridge: FleetBridge, { head, trunks }: { head: number | null; trunks: number }) {
  const { heard, health, created_at, updated_at } = bridge;
  return {
    ...publicView(bridge),
    health,
    health_reason: reason(bridge),
    placed_trunks: trunks,
    // 0: it spoke before this service listened, nobody knows when.
    last_heard_at: heard?.heard_at ? new Date(heard.heard_at).toISOString() : null,
    created_at,
    updated_at,
    ...said(heard?.heartbeat, head),
  };
}

function said(heartbeat: BridgeHeartbeat | undefined, head: number | null) {
  if (heartbeat === undefined)
    return { position: { head, seen: null, applied: null, behind: null }, heartbeat: null, refused_addresses: [] };
  const { refused_addresses, seen_position: seen, applied_position: applied } = heartbeat;
  const behind = head === null ? null : Math.max(0, head - applied);
  return {
    position: { head, seen, applied, behind },
    heartbeat: { ...heartbeat, refused_addresses: undefined },
    refused_addresses,
  };
}

function reason({ health, heard }: FleetBridge): string {
  if (health === 'serving') return 'heartbeats arrive and FreeSWITCH runs';
  if (heard === undefined)
    return health === 'lost'
      ? 'no heartbeat was heard since this service started'
      : 'this service has only begun to listen, or is cut off from NATS';
  if (heard.freeswitch_lost_at !== null)
    return (
      'FreeSWITCH is not connected, or its SIP profile does not run, since ' +
      `${new Date(heard.freeswitch_lost_at).toISOString()}`
    );
  return health === 'lost'
    ? 'the heartbeats have stopped: the host, its agent or its network is down'
    : 'it was heard before, but not long enough ago to tell that it is gone, or this service is cut off from NATS';
}
