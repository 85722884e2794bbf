import { describe, expect, it } from '@jest/globals';
import { gatewayStatus, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { hasArrived, isWorthAnEvent, sameStatus, statusOf } from './gateway-status.js';
import type { ObservedGateway } from './observed.js';
import { countByState, refusedProblem } from './trunk-statuses.js';

const id = '0190a5b2-7c00-7000-8000-000000000001';
const NOW = '2026-01-01T00:00:10.000Z';
const trunk = (more: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({
    id,
    organization_id: '0190a5b2-7c00-7000-8000-0000000000aa',
    name: 'Carrier',
    gateway: 'sip.example.com',
    username: 'u',
    enabled: true,
    password: null,
    bridge_id: 'b1',
    gateway_revision: 2,
    register: true,
    ...more,
  });
const gateway = (revision: number, more: Partial<ObservedGateway> = {}): ObservedGateway => ({
  name: `${id}.${revision}`,
  state: 'REGED',
  up: true,
  settled: 'REGED',
  settledAt: 1_767_225_605_000,
  sipStatus: 200,
  sipPhrase: 'OK',
  registeredAt: null,
  challengedAt: null,
  isNew: false,
  triedAt: null,
  tryingAt: null,
  refreshedAt: null,
  killed: false,
  predecessorGone: false,
  ...more,
});
const status = (
  gateways: ObservedGateway[],
  more: { trunk?: TrunkState; last?: GatewayStatus; problem?: { code: string; message: string } } = {},
) =>
  gatewayStatus.parse(
    statusOf({
      trunk: more.trunk ?? trunk(),
      bridgeId: 'b1',
      gateways,
      problem: more.problem ?? null,
      last: more.last,
      now: NOW,
    }),
  );

describe("a trunk's status", () => {
  it('is pending before FreeSWITCH has it', () => {
    expect(status([])).toMatchObject({
      applied_revision: null,
      desired_revision: 2,
      state: null,
      since: null,
      error: null,
    });
  });

  it('is that of the newest revision that is not being taken away', () => {
    expect(
      status([gateway(1), gateway(2, { settled: 'FAILED', state: 'FAIL_WAIT', sipStatus: 904, sipPhrase: 'no' })]),
    ).toMatchObject({ applied_revision: 2, state: 'FAILED', sip_status: 904, sip_phrase: 'no' });
    expect(status([gateway(1), gateway(2, { killed: true })])).toMatchObject({ applied_revision: 1, state: 'REGED' });
  });

  it('stays what it was while its gateway is recreated', () => {
    const was = gateway(2, {
      settled: 'FAILED',
      state: 'FAIL_WAIT',
      sipStatus: 900,
      sipPhrase: 'Cannot add credentials',
    });
    const recreated = gatewayStatus.parse(
      statusOf({
        trunk: trunk(),
        bridgeId: 'b1',
        gateways: [{ ...was, killed: true }],
        problem: null,
        remaking: was,
        last: undefined,
        now: NOW,
      }),
    );
    expect(recreated).toEqual(status([was]));
  });

  it('shows the first attempt before there is an outcome', () => {
    expect(status([gateway(2, { settled: null, state: 'TRYING', sipStatus: null, sipPhrase: null })])).toMatchObject({
      state: 'TRYING',
      sip_status: null,
    });
  });

  it('keeps what FreeSWITCH cannot say after a restart of the agent', () => {
    const last = status([gateway(2, { settled: 'FAILED', sipStatus: 403, sipPhrase: 'Forbidden' })]);
    expect(
      status([gateway(2, { settled: 'FAILED', sipStatus: null, sipPhrase: null, settledAt: 0 })], { last }),
    ).toMatchObject({ sip_status: 403, sip_phrase: 'Forbidden', since: last.since });
    expect(status([gateway(3, { settled: 'FAILED', sipStatus: null, sipPhrase: null })], { last })).toMatchObject({
      sip_status: null,
    });
  });

  it('contains the ping only where the trunk asks for one', () => {
    expect(status([gateway(2)]).ping).toBeNull();
    expect(status([gateway(2)], { trunk: trunk({ ping_seconds: 30 }) }).ping).toBe('up');
    expect(status([gateway(2, { up: false })], { trunk: trunk({ ping_seconds: 30 }) }).ping).toBe('down');
  });

  it('carries the problem beside what still runs', () => {
    expect(status([gateway(1)], { problem: { code: 'password-missing', message: 'x' } })).toMatchObject({
      applied_revision: 1,
      state: 'REGED',
      error: { code: 'password-missing' },
    });
  });
});

describe('readers', () => {
  const registered = status([gateway(2)]);
  const failed = (sip: number) => status([gateway(2, { settled: 'FAILED', sipStatus: sip })]);
  it('hear nothing twice', () => {
    expect(sameStatus(registered, { ...registered, updated_at: '2026-01-01T00:01:00.000Z' })).toBe(true);
    expect(sameStatus(undefined, registered)).toBe(false);
    expect(sameStatus(failed(503), failed(904))).toBe(false);
  });
  it.each([
    ['its first registration', undefined, registered, true],
    ['a failure', registered, failed(904), true],
    ['the same failure again', failed(904), { ...failed(904), updated_at: NOW }, false],
    ['another failure', failed(904), failed(503), true],
    ["an attempt's step", undefined, status([gateway(2, { settled: null, state: 'TRYING' })]), false],
    ['nothing yet', undefined, status([]), false],
    ['no answer to OPTIONS', { ...registered, ping: 'up' as const }, { ...registered, ping: 'down' as const }, true],
    ['another revision registered', registered, status([gateway(3)]), true],
  ])('keep %s: %#', (_what, before, after, worth) => {
    expect(isWorthAnEvent(before, after)).toBe(worth);
  });
  it('know when a change has come to its end', () => {
    expect([registered, failed(904), status([gateway(1)]), status([])].map(hasArrived)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(hasArrived(status([], { problem: { code: 'x', message: 'x' } }))).toBe(true);
  });
  it('see the numbers by state', () => {
    expect(
      countByState([
        registered,
        registered,
        failed(904),
        status([]),
        status([], { problem: { code: 'x', message: 'x' } }),
      ]),
    ).toEqual({ REGED: 2, FAILED: 1, PENDING: 1, PROBLEM: 1 });
  });
  it('show why FreeSWITCH has no TLS gateway', () => {
    expect(refusedProblem(trunk({ transport: 'tls' })).code).toBe('tls-unavailable');
    expect(refusedProblem(trunk()).code).toBe('refused-by-freeswitch');
  });
});
