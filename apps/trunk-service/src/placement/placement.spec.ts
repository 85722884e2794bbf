import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseBridge, loadOf, planMoves, type Move, type PlacementBridge, type PlacementTrunk } from './placement.js';

const bridge = (id: string, over: Partial<PlacementBridge> = {}): PlacementBridge => ({
  id,
  pool: 'default',
  status: 'active',
  health: 'serving',
  ...over,
});
const trunk = (id: string, bridge_id: string | null, bridge_pool = 'default'): PlacementTrunk => ({
  id,
  bridge_id,
  bridge_pool,
});
const apply = (trunks: readonly PlacementTrunk[], moves: readonly Move[]) => {
  const to = new Map(moves.map((move) => [move.trunk_id, move.to]));
  return trunks.map((each) => ({ ...each, bridge_id: to.has(each.id) ? to.get(each.id)! : each.bridge_id }));
};

describe('the bridge for a registering trunk', () => {
  it('is the least loaded', () =>
    expect(
      chooseBridge(
        'default',
        [bridge('a'), bridge('b')],
        new Map([
          ['a', 2],
          ['b', 1],
        ]),
      ),
    ).toBe('b'));
  it('is the first by id among equals, whatever order they come in', () => {
    expect(chooseBridge('default', [bridge('b'), bridge('a')], new Map())).toBe('a');
    expect(chooseBridge('default', [bridge('a'), bridge('b')], new Map())).toBe('a');
  });
  it.each([
    ['another pool', bridge('a', { pool: 'eu' })],
    ['draining', bridge('a', { status: 'draining' })],
    ['retired', bridge('a', { status: 'retired' })],
    ['lost', bridge('a', { health: 'lost' })],
    ['not known to be alive', bridge('a', { health: 'unknown' })],
  ])('is never one that is %s', (_why, unfit) => expect(chooseBridge('default', [unfit], new Map())).toBeUndefined());
});

describe('moves', () => {
  it.each<[string, PlacementBridge[], PlacementTrunk, Partial<Move> | undefined]>([
    ['a trunk on a serving bridge stays, however loaded it is', [bridge('a'), bridge('b')], trunk('t', 'a'), undefined],
    ['a trunk without a bridge is placed', [bridge('a')], trunk('t', null), { from: null, to: 'a', why: 'not-placed' }],
    [
      'a lost bridge loses its trunks',
      [bridge('a', { health: 'lost' }), bridge('b')],
      trunk('t', 'a'),
      { from: 'a', to: 'b', why: 'owner-lost' },
    ],
    [
      'a bridge that we cannot judge keeps them',
      [bridge('a', { health: 'unknown' }), bridge('b')],
      trunk('t', 'a'),
      undefined,
    ],
    [
      'a lost bridge keeps them while no other can take them',
      [bridge('a', { health: 'lost' })],
      trunk('t', 'a'),
      undefined,
    ],
    [
      'a draining bridge hands over',
      [bridge('a', { status: 'draining' }), bridge('b')],
      trunk('t', 'a'),
      { to: 'b', why: 'owner-draining' },
    ],
    [
      'a draining bridge keeps what nobody else can take',
      [bridge('a', { status: 'draining' })],
      trunk('t', 'a'),
      undefined,
    ],
    [
      'a retired bridge loses them even to nobody',
      [bridge('a', { status: 'retired' })],
      trunk('t', 'a'),
      { to: null, why: 'owner-retired' },
    ],
    [
      'a bridge that changed its pool loses them',
      [bridge('a', { pool: 'eu' }), bridge('b')],
      trunk('t', 'a'),
      { to: 'b', why: 'owner-in-another-pool' },
    ],
    [
      'a bridge of another pool is no refuge',
      [bridge('a', { health: 'lost' }), bridge('b', { pool: 'eu' })],
      trunk('t', 'a'),
      undefined,
    ],
    ['an owner that nobody knows is replaced', [bridge('b')], trunk('t', 'gone'), { to: 'b', why: 'owner-unknown' }],
    ['an owner that nobody knows stays while there is no other', [], trunk('t', 'gone'), undefined],
  ])('%s', (_what, bridges, each, move) =>
    expect(planMoves([each], bridges, loadOf([each]))).toEqual(
      move ? [expect.objectContaining({ trunk_id: 't', ...move })] : [],
    ),
  );

  it('spread a dead bridge over the others by load', () => {
    const trunks = [...Array.from({ length: 6 }, (_, i) => trunk(`d${i}`, 'dead')), trunk('x1', 'b'), trunk('x2', 'b')];
    const after = loadOf(
      apply(trunks, planMoves(trunks, [bridge('dead', { health: 'lost' }), bridge('b'), bridge('c')], loadOf(trunks))),
    );
    expect(Object.fromEntries(after)).toEqual({ b: 4, c: 4 });
  });
});

const pools = fc.constantFrom('p', 'q');
const ids = ['a', 'b', 'c', 'd'];
const fleet = fc.tuple(
  ...ids.map(
    (id) =>
      fc.record({
        id: fc.constant(id),
        pool: pools,
        status: fc.constantFrom('active', 'active', 'draining', 'retired'),
        health: fc.constantFrom('serving', 'serving', 'lost', 'unknown'),
      }) as fc.Arbitrary<PlacementBridge>,
  ),
);
const trunks = fc
  .array(fc.record({ bridge_pool: pools, bridge_id: fc.option(fc.constantFrom(...ids, 'gone')) }), { maxLength: 40 })
  .map((list) => list.map((each, index): PlacementTrunk => ({ id: `t${String(index).padStart(2, '0')}`, ...each })));

describe('whatever the bridges do', () => {
  const eligible = (bridges: PlacementBridge[], pool: string) =>
    bridges.filter((each) => each.pool === pool && each.status === 'active' && each.health === 'serving');

  it('a trunk has one owner, which serves its pool wherever any bridge does', () => {
    fc.assert(
      fc.property(trunks, fleet, (all, bridges) => {
        const moves = planMoves(all, bridges, loadOf(all));
        expect(new Set(moves.map((move) => move.trunk_id)).size).toBe(moves.length);
        for (const after of apply(all, moves)) {
          const fit = eligible(bridges, after.bridge_pool).map((each) => each.id);
          const owner = bridges.find((each) => each.id === after.bridge_id);
          const judged = owner?.pool === after.bridge_pool && owner.status === 'active' && owner.health === 'unknown';
          if (fit.length > 0 && !judged) expect(fit).toContain(after.bridge_id);
        }
      }),
    );
  });

  it('nothing moves whose owner serves, and a plan that was carried out leaves nothing to do', () => {
    fc.assert(
      fc.property(trunks, fleet, (all, bridges) => {
        const moves = planMoves(all, bridges, loadOf(all));
        for (const move of moves) {
          const before = all.find((each) => each.id === move.trunk_id)!;
          expect(eligible(bridges, before.bridge_pool).some((each) => each.id === before.bridge_id)).toBe(false);
        }
        expect(planMoves(apply(all, moves), bridges, loadOf(apply(all, moves)))).toEqual([]);
      }),
    );
  });

  it('no bridge that received a trunk ends more than one above another that could have', () => {
    fc.assert(
      fc.property(trunks, fleet, (all, bridges) => {
        const moves = planMoves(all, bridges, loadOf(all));
        const load = loadOf(apply(all, moves));
        for (const { to } of moves) {
          if (to === null) continue;
          const pool = bridges.find((each) => each.id === to)!.pool;
          for (const other of eligible(bridges, pool))
            expect(load.get(to)! - (load.get(other.id) ?? 0)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('every instance plans the same, whatever order it read things in', () => {
    fc.assert(
      fc.property(trunks, fleet, (all, bridges) => {
        expect(planMoves([...all].reverse(), [...bridges].reverse(), loadOf(all))).toEqual(
          planMoves(all, bridges, loadOf(all)),
        );
      }),
    );
  });
});
