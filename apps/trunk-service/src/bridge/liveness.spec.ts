import { describe, expect, it } from '@jest/globals';
import { HEARTBEAT_LOST_MS, type BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { FREESWITCH_LOST_MS, healthOf, heard, type HeardBridge } from './liveness.js';

const heartbeat = (runs = true) => ({ freeswitch: { connected: runs, profile_running: runs } }) as BridgeHeartbeat;
const at = (heard_at: number, freeswitch_lost_at: number | null = null): HeardBridge => ({
  heartbeat: heartbeat(),
  heard_at,
  freeswitch_lost_at,
});
const T = 1_000_000;

describe('whether a bridge serves', () => {
  it.each<[string, HeardBridge | undefined, number | null, ReturnType<typeof healthOf>]>([
    ['heard a moment ago', at(T - 1), 0, 'serving'],
    ['heard just within the time', at(T - HEARTBEAT_LOST_MS), 0, 'serving'],
    ['silent for too long', at(T - HEARTBEAT_LOST_MS - 1), 0, 'lost'],
    ['never heard, and we listened long enough', undefined, T - HEARTBEAT_LOST_MS - 1, 'lost'],
    ['never heard, but we have only begun to listen', undefined, T - 1, 'unknown'],
    ['silent, but we could not hear: NATS is away', at(T - HEARTBEAT_LOST_MS - 1), null, 'unknown'],
    ['heard, but NATS is away now', at(T - 1), null, 'unknown'],
    ['silent, and NATS has only just come back', at(T - HEARTBEAT_LOST_MS - 1), T - 1, 'unknown'],
    ['its FreeSWITCH restarts', at(T - 1, T - FREESWITCH_LOST_MS), 0, 'unknown'],
    ['its FreeSWITCH is away for too long', at(T - 1, T - FREESWITCH_LOST_MS - 1), 0, 'lost'],
  ])('%s', (_what, bridge, listeningSince, health) => expect(healthOf(bridge, listeningSince, T)).toBe(health));

  it("counts FreeSWITCH's absence from the first heartbeat that tells of it until one tells of its return", () => {
    const down = heard(heard(heard(undefined, heartbeat(true), 1), heartbeat(false), 2), heartbeat(false), 3);
    expect(down).toMatchObject({ heard_at: 3, freeswitch_lost_at: 2 });
    expect(heard(down, heartbeat(true), 4).freeswitch_lost_at).toBeNull();
  });
});
