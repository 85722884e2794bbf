import { describe, expect, it } from '@jest/globals';
import { poolShare } from './pool-share.js';

const bridge = (id: string, pool = 'default', status: 'active' | 'draining' | 'retired' = 'active') => ({
  id,
  pool,
  status,
});
const FLEET = [bridge('b3'), bridge('b1'), bridge('b2', 'default', 'draining'), bridge('b4', 'eu')];
const byAddress = { bridge_pool: 'default', register: false };

describe("the bridges that share a trunk's limits", () => {
  it.each([
    ['those of its pool, by their ids', byAddress, 'b3', { bridges: 3, place: 3 }],
    ['without those of other pools', { ...byAddress, bridge_pool: 'eu' }, 'b4', { bridges: 1, place: 1 }],
    ['one alone where it registers', { ...byAddress, register: true }, 'b3', { bridges: 1, place: 1 }],
    ['not a bridge of another pool', byAddress, 'b4', { bridges: 3 }],
    ['never none', { ...byAddress, bridge_pool: 'us' }, 'b1', { bridges: 1 }],
  ])('are %s', (_what, trunk, id, share) => {
    expect(poolShare(trunk, id, FLEET)).toEqual(share);
  });

  it('are without the retired ones', () => {
    expect(poolShare(byAddress, 'b3', [...FLEET, bridge('b0', 'default', 'retired')])).toEqual({
      bridges: 3,
      place: 3,
    });
  });
});
