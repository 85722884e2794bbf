import type { LimitShare } from '@trunkmesh/contracts/outbound-call.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { FleetBridge } from '../bridge/fleet.js';

/**
 * How many bridges may dial over the trunk, and which of them by its id this one is: the bridges of the trunk's own
 * pool. One that is offline counts until it is retired, because it may only be cut off and goes on dialling. A trunk
 * that registers is on one bridge alone.
 */
export function poolShare(
  trunk: Pick<TrunkState, 'bridge_pool' | 'register'>,
  bridgeId: string,
  bridges: readonly Pick<FleetBridge, 'id' | 'pool' | 'status'>[],
): LimitShare {
  if (trunk.register) return { bridges: 1, place: 1 };
  const sharing = bridges
    .filter(({ pool, status }) => pool === trunk.bridge_pool && status !== 'retired')
    .map(({ id }) => id)
    .sort();
  const place = sharing.indexOf(bridgeId) + 1;
  return { bridges: Math.max(1, sharing.length), ...(place === 0 ? {} : { place }) };
}
