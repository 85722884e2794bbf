import { HEARTBEAT_LOST_MS, type BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';

/**
 * A bridge's FreeSWITCH may restart (a new version, a crash) without its trunks being moved; away for longer, they are
 * as good as on a dead host.
 */
export const FREESWITCH_LOST_MS = 30_000;

/** Times are milliseconds of this process's own clock: the clocks of two hosts are never compared. */
export interface HeardBridge {
  heartbeat: BridgeHeartbeat;
  heard_at: number;
  /** Since when the heartbeats say that FreeSWITCH does not run; null: it runs. */
  freeswitch_lost_at: number | null;
}

export type Health = 'serving' | 'lost' | 'unknown';

const runs = ({ freeswitch }: BridgeHeartbeat) => freeswitch.connected && freeswitch.profile_running;

export function heard(before: HeardBridge | undefined, heartbeat: BridgeHeartbeat, now: number): HeardBridge {
  return { heartbeat, heard_at: now, freeswitch_lost_at: runs(heartbeat) ? null : (before?.freeswitch_lost_at ?? now) };
}

/**
 * Whether a bridge serves. `listeningSince` is when this process last began to hear heartbeats (null: it does not, NATS
 * cannot be reached): silence before that says nothing. Otherwise an outage of NATS, or of our own network, would look
 * like the death of every bridge at once and move every trunk.
 */
export function healthOf(bridge: HeardBridge | undefined, listeningSince: number | null, now: number): Health {
  if (listeningSince === null) return 'unknown';
  const silentSince = Math.max(bridge?.heard_at ?? 0, listeningSince);
  if (now - silentSince > HEARTBEAT_LOST_MS) return 'lost';
  if (bridge === undefined || now - bridge.heard_at > HEARTBEAT_LOST_MS) return 'unknown';
  if (bridge.freeswitch_lost_at === null) return 'serving';
  return now - bridge.freeswitch_lost_at > FREESWITCH_LOST_MS ? 'lost' : 'unknown';
}
