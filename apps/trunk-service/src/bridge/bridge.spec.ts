import { describe, it } from '@jest/globals';
import type { BridgeState } from '@trunkmesh/contracts/bridge.js';
import { specification } from '@trunkmesh/testkit/specification.js';
import { decide, evolve, type BridgeChange, type BridgeCommand } from './bridge.js';

const { given } = specification<BridgeState | null, BridgeChange, BridgeCommand>({ initial: null, evolve, decide });
const T0 = '2026-01-01T00:00:00.000Z';
const T1 = '2026-01-02T00:00:00.000Z';
const state = (over: Partial<BridgeState> = {}): BridgeState => ({
  id: 'b1',
  pool: 'default',
  sip_address: '192.0.2.10',
  status: 'active',
  created_at: T0,
  updated_at: T0,
  ...over,
});
const place = { pool: 'default', sip_address: '192.0.2.10' };
const register = (over = {}): BridgeCommand => ({ type: 'RegisterBridge', id: 'b1', ...place, at: T1, ...over });
const registered: BridgeChange = { type: 'BridgeRegistered', change: place, state: state() };
const drained: BridgeChange = { type: 'BridgeDrained', change: {}, state: state({ status: 'draining' }) };
const retired: BridgeChange = { type: 'BridgeRetired', change: {}, state: state({ status: 'retired' }) };

describe('a bridge', () => {
  it('is registered when it is first heard', () =>
    given()
      .when(register())
      .then({ type: 'BridgeRegistered', change: place, state: state({ created_at: T1, updated_at: T1 }) }));
  it('is registered once', () => given(registered).when(register()).thenNothing());
  it('is registered again with another address', () =>
    given(registered)
      .when(register({ sip_address: '192.0.2.11' }))
      .then({
        type: 'BridgeRegistered',
        change: { pool: 'default', sip_address: '192.0.2.11' },
        state: state({ sip_address: '192.0.2.11', updated_at: T1 }),
      }));
  it('is drained', () =>
    given(registered)
      .when({ type: 'DrainBridge', at: T1 })
      .then({ type: 'BridgeDrained', change: {}, state: state({ status: 'draining', updated_at: T1 }) }));
  it('is drained once', () => given(registered, drained).when({ type: 'DrainBridge', at: T1 }).thenNothing());
  it('is retired, drained or not', () => {
    given(registered)
      .when({ type: 'RetireBridge', at: T1 })
      .then({ type: 'BridgeRetired', change: {}, state: state({ status: 'retired', updated_at: T1 }) });
    given(registered, drained)
      .when({ type: 'RetireBridge', at: T1 })
      .then({ type: 'BridgeRetired', change: {}, state: state({ status: 'retired', updated_at: T1 }) });
  });
  it('is retired once', () => given(registered, retired).when({ type: 'RetireBridge', at: T1 }).thenNothing());
  it('that is retired is not drained', () =>
    given(registered, retired).when({ type: 'DrainBridge', at: T1 }).thenRefused('conflict'));
  it('comes back only when it is told to', () =>
    given(registered, drained)
      .when({ type: 'ResumeBridge', at: T1 })
      .then({ type: 'BridgeRegistered', change: place, state: state({ updated_at: T1 }) }));
  it('stays drained or retired however often it is heard', () => {
    given(registered, drained)
      .when(register({ pool: 'eu' }))
      .then({
        type: 'BridgeRegistered',
        change: { ...place, pool: 'eu' },
        state: state({ pool: 'eu', status: 'draining', updated_at: T1 }),
      });
    given(registered, retired).when(register()).thenNothing();
  });
  it('that nobody knows is not found', () => {
    for (const type of ['DrainBridge', 'RetireBridge', 'ResumeBridge'] as const)
      given().when({ type, at: T1 }).thenRefused('bridge-not-found');
  });
});
