import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { FleetBridge } from '../bridge/fleet.js';

type Attempt = OriginateRequest['attempts'][number];

export interface BridgeLoad extends Pick<FleetBridge, 'id' | 'pool' | 'status' | 'health'> {
  /** Calls that it has. */
  calls: number;
}

export interface ChosenBridges {
  /** The bridge to hand the call to: that of the first attempt. */
  bridge_id: string;
  /** Each with its bridge; without those that no bridge can take. */
  attempts: Attempt[];
}

/**
 * The bridge of each attempt. A registering trunk has its own; a trunk by address goes to the bridge of the attempt
 * before it where that is of its pool, otherwise to the least loaded of the pool. `refused`: bridges that do not take
 * this call; an attempt that only they could make is left out. Undefined: no attempt has a bridge.
 */
export function chooseBridges(
  attempts: readonly Attempt[],
  bridges: readonly BridgeLoad[],
  refused: ReadonlySet<string>,
): ChosenBridges | undefined {
  const able = bridges.filter(
    ({ id, status, health }) => !refused.has(id) && status !== 'retired' && health !== 'lost',
  );
  const chosen: Attempt[] = [];
  for (const attempt of attempts) {
    const bridge = bridgeOf(attempt, able, chosen.at(-1)?.bridge_id);
    if (bridge !== undefined) chosen.push({ ...attempt, bridge_id: bridge });
  }
  const first = chosen[0]?.bridge_id;
  return first == null ? undefined : { bridge_id: first, attempts: chosen };
}

function bridgeOf(attempt: Attempt, able: readonly BridgeLoad[], before: string | null | undefined) {
  if (attempt.bridge_id !== null) return able.find(({ id }) => id === attempt.bridge_id)?.id;
  // A draining bridge keeps the calls that it has.
  const pool = able.filter(({ pool, status }) => pool === attempt.pool && status === 'active');
  const serving = pool.filter(({ health }) => health === 'serving');
  // Where nothing is known of any, for example just after the start, the question itself tells.
  const candidates = serving.length > 0 ? serving : pool;
  return candidates.find(({ id }) => id === before)?.id ?? leastLoaded(candidates)?.id;
}

function leastLoaded(candidates: readonly BridgeLoad[]): BridgeLoad | undefined {
  let least: BridgeLoad | undefined;
  for (const bridge of candidates) if (least === undefined || bridge.calls < least.calls) least = bridge;
  return least;
}
