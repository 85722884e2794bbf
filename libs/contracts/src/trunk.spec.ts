import { describe, expect, it } from '@jest/globals';
import { belongsOnBridge, gatewayName, parseGatewayName, type TrunkState } from './trunk.js';

const id = '0190a5b2-7c00-7000-8000-000000000001';

describe('gateway names', () => {
  it('carry the trunk and the revision, and are read back', () => {
    expect(parseGatewayName(gatewayName({ id, gateway_revision: 7 }))).toEqual({ id, gateway_revision: 7 });
  });

  it.each(['example', `${id}`, `${id}.x`, `${id}.1.2`, `x${id}.1`])('%s is not one of ours', (name) => {
    expect(parseGatewayName(name)).toBeUndefined();
  });

  it('are ones that FreeSWITCH accepts', () => {
    expect(gatewayName({ id, gateway_revision: 12 })).toMatch(/^[\w.-]+$/);
  });
});

describe('where a trunk belongs', () => {
  const trunk = { enabled: true, register: true, bridge_pool: 'default', bridge_id: 'b1' } as TrunkState;
  const here = { id: 'b1', pool: 'default' };

  it.each<[string, Partial<TrunkState>, boolean]>([
    ['a registering trunk on its own bridge', {}, true],
    ['a registering trunk of another bridge', { bridge_id: 'b2' }, false],
    ['a registering trunk that is not placed', { bridge_id: null }, false],
    ['a trunk by address, on every bridge of its pool', { register: false, bridge_id: null }, true],
    ['a trunk by address of another pool', { register: false, bridge_id: null, bridge_pool: 'eu' }, false],
    ['a disabled trunk', { enabled: false }, false],
  ])('%s', (_case, change, expected) => {
    expect(belongsOnBridge({ ...trunk, ...change }, here)).toBe(expected);
  });
});
