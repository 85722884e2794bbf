import { describe, expect, it } from '@jest/globals';
import type { BridgeHeartbeat, BridgeState } from '@trunkmesh/contracts/bridge.js';
import { fleetOf, unregistered } from './fleet.js';
import type { HeardBridge } from './liveness.js';

const T = 1_000_000;
const state = (id: string, over: Partial<BridgeState> = {}): BridgeState => ({
  id,
  pool: 'default',
  sip_address: '192.0.2.1',
  status: 'active',
  created_at: '',
  updated_at: '',
  ...over,
});
const says = (bridge_id: string, heard_at: number, over: Partial<BridgeHeartbeat> = {}): [string, HeardBridge] => [
  bridge_id,
  {
    heartbeat: {
      bridge_id,
      pool: 'default',
      sip_address: '192.0.2.1',
      freeswitch: { connected: true, profile_running: true },
      ...over,
    } as BridgeHeartbeat,
    heard_at,
    freeswitch_lost_at: null,
  },
];

describe('the fleet', () => {
  it('is what the record knows, with what was heard of it', () =>
    expect(fleetOf([state('a'), state('b')], new Map([says('a', T - 1)]), 0, T)).toMatchObject([
      { id: 'a', health: 'serving', heard: { heard_at: T - 1 } },
      { id: 'b', health: 'lost', heard: undefined },
    ]));

  it.each<[string, [string, HeardBridge], boolean]>([
    ['a new one', says('new', T - 1), true],
    ['one with another address', says('a', T - 1, { sip_address: '192.0.2.2' }), true],
    ['one with another pool', says('a', T - 1, { pool: 'eu' }), true],
    ['one as it was', says('a', T - 1), false],
    ['a new one that was only heard of before we listened', says('new', 0), false],
    ['a new one that has fallen silent', says('new', T - 60_000), false],
  ])('registers %s: %s', (_what, said, registers) =>
    expect(unregistered([state('a')], new Map([said]), 1, T).map(({ bridge_id }) => bridge_id)).toEqual(
      registers ? [said[0]] : [],
    ),
  );
});
