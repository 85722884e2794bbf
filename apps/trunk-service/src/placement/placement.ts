import type { BridgeState } from '@trunkmesh/contracts/bridge.js';

/**
 * What placement needs to know of a bridge. `serving`: heard of lately, and its FreeSWITCH runs. `unknown`: we cannot
 * tell (we may be the ones who are cut off).
 */
export interface PlacementBridge {
  id: string;
  pool: string;
  status: BridgeState['status'];
  health: 'serving' | 'lost' | 'unknown';
}

/** A trunk that registers and is enabled: it wants exactly one owner. */
export interface PlacementTrunk {
  id: string;
  bridge_pool: string;
  bridge_id: string | null;
}

export interface Move {
  trunk_id: string;
  from: string | null;
  to: string | null;
  why: MoveReason;
}
export type MoveReason =
  'not-placed' | 'owner-lost' | 'owner-draining' | 'owner-retired' | 'owner-unknown' | 'owner-in-another-pool';

/**
 * The bridge a trunk of the pool is placed on: active, serving, with the fewest registering trunks; among equals the
 * first by id, so that every instance that sees the same chooses the same. Undefined: none.
 */
export function chooseBridge(
  pool: string,
  bridges: readonly PlacementBridge[],
  load: ReadonlyMap<string, number>,
): string | undefined {
  const eligible = bridges.filter((bridge) => bridge.pool === pool && isEligible(bridge));
  const least = eligible.sort((a, b) => (load.get(a.id) ?? 0) - (load.get(b.id) ?? 0) || compare(a.id, b.id))[0];
  return least?.id;
}

const isEligible = (bridge: PlacementBridge) => bridge.status === 'active' && bridge.health === 'serving';
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** How many registering trunks each bridge owns. */
export function loadOf(trunks: readonly PlacementTrunk[]): Map<string, number> {
  const load = new Map<string, number>();
  for (const { bridge_id } of trunks) if (bridge_id !== null) load.set(bridge_id, (load.get(bridge_id) ?? 0) + 1);
  return load;
}

/**
 * The moves that are needed, and no others: a registration that works is never moved for the sake of balance, because
 * every move is seconds in which nobody can call. A trunk whose bridge is lost or draining stays where it is while no
 * other can take it: it works again the moment its bridge does. Only where staying is hopeless (retired, another pool)
 * it is taken off without a new owner.
 * `trunks` may be only those that can have a reason to move; `before` counts all that the bridges own.
 */
export function planMoves(
  trunks: readonly PlacementTrunk[],
  bridges: readonly PlacementBridge[],
  before: ReadonlyMap<string, number>,
): Move[] {
  const byId = new Map(bridges.map((bridge) => [bridge.id, bridge]));
  const load = new Map(before);
  const choose = leastLoaded(bridges, load);
  const restless = [...trunks]
    .sort((a, b) => compare(a.id, b.id))
    .flatMap((trunk) => {
      const why = reasonToMove(trunk, byId);
      return why === undefined ? [] : [{ trunk, why }];
    });
  const add = (bridge: string, count: number) => {
    load.set(bridge, (load.get(bridge) ?? 0) + count);
  };
  // A bridge that changed its pool may be the target of others: what certainly leaves it is no load of it any more.
  for (const { trunk, why } of restless) if (why === 'owner-in-another-pool') add(trunk.bridge_id!, -1);
  const moves: Move[] = [];
  for (const { trunk, why } of restless) {
    const to = choose(trunk.bridge_pool) ?? (isHopeless(why) ? null : trunk.bridge_id);
    if (to === trunk.bridge_id) continue;
    moves.push({ trunk_id: trunk.id, from: trunk.bridge_id, to, why });
    if (to !== null) add(to, 1);
  }
  return moves;
}

/** Where one trunk belongs now: its present bridge while that is good, or nobody else can take it. */
export function placeOne(
  trunk: PlacementTrunk,
  bridges: readonly PlacementBridge[],
  load: ReadonlyMap<string, number>,
): string | null {
  const move = planMoves([trunk], bridges, load)[0];
  return move ? move.to : trunk.bridge_id;
}

/**
 * `chooseBridge` for many trunks in a row without sorting each time: a pool has few bridges, a dead one may have had
 * thousands of trunks.
 */
function leastLoaded(
  bridges: readonly PlacementBridge[],
  load: ReadonlyMap<string, number>,
): (pool: string) => string | undefined {
  const eligible = new Map<string, PlacementBridge[]>();
  for (const bridge of bridges.filter(isEligible))
    eligible.set(bridge.pool, [...(eligible.get(bridge.pool) ?? []), bridge]);
  return (pool) => chooseBridge(pool, eligible.get(pool) ?? [], load);
}

const isHopeless = (why: MoveReason) => why === 'owner-retired' || why === 'owner-in-another-pool';

export function reasonToMove(
  trunk: PlacementTrunk,
  bridges: ReadonlyMap<string, PlacementBridge>,
): MoveReason | undefined {
  if (trunk.bridge_id === null) return 'not-placed';
  const owner = bridges.get(trunk.bridge_id);
  if (owner === undefined) return 'owner-unknown';
  if (owner.status === 'retired') return 'owner-retired';
  if (owner.pool !== trunk.bridge_pool) return 'owner-in-another-pool';
  if (owner.status === 'draining') return 'owner-draining';
  return owner.health === 'lost' ? 'owner-lost' : undefined;
}
