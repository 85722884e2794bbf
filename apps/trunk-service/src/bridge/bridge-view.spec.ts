import { describe, expect, it } from '@jest/globals';
import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { operatorView, publicView } from './bridge-view.js';
import type { FleetBridge } from './fleet.js';

const bridge = (over: Partial<FleetBridge>): FleetBridge => ({
  id: 'b1',
  pool: 'default',
  sip_address: '192.0.2.1',
  status: 'active',
  created_at: '',
  updated_at: '',
  health: 'serving',
  heard: undefined,
  ...over,
});
const heard = (heard_at: number, freeswitch_lost_at: number | null = null) => ({
  heartbeat: { seen_position: 9, applied_position: 7, refused_addresses: [] } as unknown as BridgeHeartbeat,
  heard_at,
  freeswitch_lost_at,
});
const view = (over: Partial<FleetBridge>, head: number | null = 10) => operatorView(bridge(over), { head, trunks: 2 });

describe('a bridge as it is shown', () => {
  it.each([
    ['serving', true],
    ['lost', false],
    ['unknown', null],
  ] as const)('%s is alive: %s', (health, alive) => expect(publicView(bridge({ health })).alive).toBe(alive));
  it('tells how far behind the stream it is', () =>
    expect(view({ heard: heard(1) }).position).toEqual({ head: 10, seen: 9, applied: 7, behind: 3 }));
  it('tells nothing of that while JetStream does not', () =>
    expect(view({ heard: heard(1) }, null).position).toEqual({ head: null, seen: 9, applied: 7, behind: null }));
  it('that was never heard says nothing', () =>
    expect(view({ health: 'lost' })).toMatchObject({
      heartbeat: null,
      last_heard_at: null,
      refused_addresses: [],
      placed_trunks: 2,
    }));
  it.each<[string, Partial<FleetBridge>, RegExp]>([
    ['serving', { heard: heard(1) }, /FreeSWITCH runs/],
    ['silent', { health: 'lost', heard: heard(1) }, /heartbeats have stopped/],
    ['never heard', { health: 'lost' }, /no heartbeat was heard/],
    ['not heard yet', { health: 'unknown' }, /only begun to listen/],
    ['heard once, not judged', { health: 'unknown', heard: heard(1) }, /not long enough ago/],
    ['without FreeSWITCH', { health: 'lost', heard: heard(1, 0) }, /FreeSWITCH is not connected.*1970/],
  ])('%s has a reason', (_what, over, reason) => expect(view(over).health_reason).toMatch(reason));
});
