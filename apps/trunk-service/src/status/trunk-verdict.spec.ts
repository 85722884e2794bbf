import { describe, expect, it } from '@jest/globals';
import type { GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { trunkVerdict, type VerdictBridge } from './trunk-verdict.js';

const T0 = '2026-01-01T00:00:00.000Z';
const trunk = (over: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({
    id: '01890000-0000-7000-8000-0000000000b1',
    organization_id: '01890000-0000-7000-8000-0000000000aa',
    name: 'Carrier',
    username: 'alice',
    register: true,
    bridge_id: 'b1',
    gateway_revision: 7,
    ...over,
  });
const bridge = (id: string, over: Partial<VerdictBridge> = {}): VerdictBridge => ({
  id,
  pool: 'default',
  sip_address: `${id}.example.com`,
  status: 'active',
  health: 'serving',
  ...over,
});
const status = (over: Partial<GatewayStatus> = {}): GatewayStatus => ({
  organization_id: trunk().organization_id,
  trunk_id: trunk().id,
  bridge_id: 'b1',
  applied_revision: 7,
  desired_revision: 7,
  error: null,
  state: 'REGED',
  sip_status: 200,
  sip_phrase: 'OK',
  ping: null,
  since: T0,
  updated_at: T0,
  ...over,
});
const byAddress = { register: false, bridge_id: null };
const noreg = { state: 'NOREG', sip_status: null } as const;

describe('how a trunk stands', () => {
  it.each<[string, TrunkState, VerdictBridge[], GatewayStatus[], string, RegExp]>([
    ['registered', trunk(), [bridge('b1')], [status()], 'live', /^Live on b1: registered\.$/],
    ['no word yet', trunk(), [bridge('b1')], [], 'pending', /not reported on this trunk yet/],
    [
      'an older revision',
      trunk(),
      [bridge('b1')],
      [status({ applied_revision: 6, desired_revision: 6 })],
      'pending',
      /latest change yet/,
    ],
    [
      'an older revision that had failed',
      trunk(),
      [bridge('b1')],
      [status({ desired_revision: 6, error: { code: 'x', message: 'old news' } })],
      'pending',
      /latest change yet/,
    ],
    ['being applied', trunk(), [bridge('b1')], [status({ applied_revision: 6 })], 'pending', /is applying/],
    [
      'could not be rendered',
      trunk(),
      [bridge('b1')],
      [
        status({
          applied_revision: null,
          state: null,
          error: { code: 'not-renderable', message: 'the name is impossible' },
        }),
      ],
      'failed',
      /the name is impossible/,
    ],
    ['registering', trunk(), [bridge('b1')], [status({ state: 'TRYING', sip_status: null })], 'pending', /under way/],
    [
      'wrong password',
      trunk(),
      [bridge('b1')],
      [status({ state: 'FAIL_WAIT', sip_status: 904 })],
      'failed',
      /wrong username or password/,
    ],
    [
      'wrong password, being tried again',
      trunk(),
      [bridge('b1')],
      [status({ state: 'TRYING', sip_status: 904 })],
      'failed',
      /wrong username or password/,
    ],
    [
      'its bridge is dead, whatever it said last',
      trunk(),
      [bridge('b1', { health: 'lost' })],
      [status()],
      'failed',
      /bridge b1 sends no heartbeat/,
    ],
    [
      'its FreeSWITCH restarts, whatever the gateway said last',
      trunk(),
      [bridge('b1', { health: 'unknown', heard: { freeswitch_lost_at: 1 } })],
      [status()],
      'pending',
      /FreeSWITCH of bridge b1 is not connected/,
    ],
    ['we cannot hear its bridge', trunk(), [bridge('b1', { health: 'unknown' })], [status()], 'live', /registered/],
    ['disabled', trunk({ enabled: false }), [bridge('b1')], [], 'disabled', /no bridge has it/],
    [
      'disabled, not gone yet',
      trunk({ enabled: false }),
      [bridge('b1')],
      [status()],
      'disabled',
      /still being removed from b1/,
    ],
    ['no bridge', trunk({ bridge_id: null }), [], [], 'unplaced', /pool "default"/],
    [
      'by address, no bridge in the pool',
      trunk(byAddress),
      [bridge('b1', { pool: 'eu' }), bridge('b2', { status: 'retired' })],
      [],
      'unplaced',
      /No bridge/,
    ],
    [
      'by address, on all',
      trunk(byAddress),
      [bridge('b1'), bridge('b2')],
      [status(noreg), status({ ...noreg, bridge_id: 'b2' })],
      'live',
      /Live on b1, b2/,
    ],
    [
      'by address, on one of two',
      trunk(byAddress),
      [bridge('b1'), bridge('b2')],
      [status(noreg)],
      'pending',
      /Pending on 1 of 2 bridges \(b2\)/,
    ],
    [
      'by address, pings unanswered on one',
      trunk(byAddress),
      [bridge('b1'), bridge('b2')],
      [status(noreg), status({ ...noreg, bridge_id: 'b2', ping: 'down' })],
      'failed',
      /Failed on 1 of 2 bridges \(b2\): .*pings/,
    ],
  ])('%s', (_title, each, bridges, statuses, verdict, summary) => {
    const result = trunkVerdict(each, bridges, statuses);
    expect(result.verdict).toBe(verdict);
    expect(result.summary).toMatch(summary);
  });

  it('shows the bridge that a trunk is leaving beside its new one', () =>
    expect(trunkVerdict(trunk({ bridge_id: 'b2' }), [bridge('b1'), bridge('b2')], [status()]).bridges).toMatchObject([
      {
        bridge_id: 'b2',
        verdict: 'pending',
        sip_address: 'b2.example.com',
        alive: true,
        applied_revision: null,
        desired_revision: 7,
      },
      { bridge_id: 'b1', verdict: 'leaving', applied_revision: 7 },
    ]));

  it('gives the registration with its hint and since when', () =>
    expect(
      trunkVerdict(trunk(), [bridge('b1')], [status({ state: 'FAILED', sip_status: 503, sip_phrase: 'DNS Error' })])
        .bridges[0],
    ).toMatchObject({
      registration: {
        state: 'FAILED',
        sip_status: 503,
        sip_phrase: 'DNS Error',
        cause: 'host-not-resolved',
        hint: expect.stringContaining('does not resolve'),
      },
      since: T0,
    }));
});
