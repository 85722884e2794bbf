import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseBridges, type BridgeLoad } from './choose-bridges.js';

const bridge = (id: string, over: Partial<BridgeLoad> = {}): BridgeLoad => ({
  id,
  pool: 'default',
  status: 'active',
  health: 'serving',
  calls: 0,
  ...over,
});
const attempt = (trunk_id: string, bridge_id: string | null, pool = 'default') => ({
  trunk_id,
  chosen_by: 'priority' as const,
  priority: 10,
  gateway: 'up' as const,
  pool,
  bridge_id,
  dialled: '+15551230000',
});
const chosen = (attempts: ReturnType<typeof attempt>[], bridges: BridgeLoad[], refused: string[] = []) => {
  const found = chooseBridges(attempts, bridges, new Set(refused));
  return found && [found.bridge_id, found.attempts.map(({ trunk_id, bridge_id }) => `${trunk_id} ${bridge_id}`)];
};

describe('the bridges of a call', () => {
  it('are the own one of a registering trunk, the least loaded one of the pool for a trunk by address', () => {
    const fleet = [bridge('a', { calls: 3 }), bridge('b', { calls: 1 }), bridge('c', { pool: 'other' })];
    expect(chosen([attempt('1', 'a')], fleet)).toEqual(['a', ['1 a']]);
    expect(chosen([attempt('1', null)], fleet)).toEqual(['b', ['1 b']]);
    expect(chosen([attempt('1', null, 'other')], fleet)).toEqual(['c', ['1 c']]);
  });

  it('stay the same for consecutive attempts where possible', () => {
    const fleet = [bridge('a', { calls: 3 }), bridge('b', { calls: 1 }), bridge('c', { pool: 'other' })];
    expect(chosen([attempt('1', 'a'), attempt('2', null), attempt('3', 'b'), attempt('4', null)], fleet)).toEqual([
      'a',
      ['1 a', '2 a', '3 b', '4 b'],
    ]);
    expect(chosen([attempt('1', 'c'), attempt('2', null)], fleet)).toEqual(['c', ['1 c', '2 b']]);
  });

  it('are never retired, lost or one that refused; a draining one takes no trunk by address', () => {
    const one = [attempt('1', null)];
    expect(chosen(one, [bridge('a', { status: 'retired' })])).toBeUndefined();
    expect(chosen(one, [bridge('a', { health: 'lost' })])).toBeUndefined();
    expect(chosen(one, [bridge('a', { status: 'draining' })])).toBeUndefined();
    expect(chosen([attempt('1', 'a')], [bridge('a', { status: 'draining' })])).toEqual(['a', ['1 a']]);
    expect(chosen(one, [bridge('a'), bridge('b')], ['a'])).toEqual(['b', ['1 b']]);
    expect(chosen(one, [bridge('a')], ['a'])).toBeUndefined();
  });

  it('of which nothing is known are asked where no other is there', () => {
    expect(chosen([attempt('1', null)], [bridge('a', { health: 'unknown' })])).toEqual(['a', ['1 a']]);
    expect(chosen([attempt('1', null)], [bridge('a', { health: 'unknown' }), bridge('b', { calls: 9 })])).toEqual([
      'b',
      ['1 b'],
    ]);
  });

  it('leave out the attempts that no bridge can make', () => {
    expect(chosen([attempt('1', 'gone'), attempt('2', 'a'), attempt('3', null, 'empty')], [bridge('a')])).toEqual([
      'a',
      ['2 a'],
    ]);
    expect(chosen([attempt('1', 'gone')], [bridge('a')])).toBeUndefined();
  });

  it('keep the order of the plan and each its pool, whatever the fleet is', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const pools = fc.constantFrom('x', 'y');
    const anyBridge = fc.record({
      pool: pools,
      status: fc.constantFrom('active' as const, 'draining' as const, 'retired' as const),
      health: fc.constantFrom('serving' as const, 'lost' as const, 'unknown' as const),
      calls: fc.nat(9),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(pools, fc.boolean()), { minLength: 1, maxLength: 8 }),
        fc.tuple(anyBridge, anyBridge, anyBridge, anyBridge),
        fc.subarray(ids),
        (wanted, states, refused) => {
          const fleet = states.map((state, n) => bridge(ids[n]!, state));
          const plan = wanted.map(([pool, own], n) => {
            const owner = fleet.find((each) => each.pool === pool);
            return attempt(String(n), own && owner !== undefined ? owner.id : null, pool);
          });
          const found = chooseBridges(plan, fleet, new Set(refused));
          const order = found?.attempts.map(({ trunk_id }) => Number(trunk_id)) ?? [];
          expect(order).toEqual([...order].sort((a, b) => a - b));
          for (const { bridge_id, pool } of found?.attempts ?? []) {
            const its = fleet.find(({ id }) => id === bridge_id)!;
            expect([its.pool, refused.includes(its.id), its.health === 'lost']).toEqual([pool, false, false]);
          }
        },
      ),
    );
  });
});
