import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { FleetBridge } from '../bridge/fleet.js';

type Candidate = Pick<FleetBridge, 'id' | 'pool' | 'status' | 'health'>;

/**
 * The bridge that would use the trunk: the one that registers it, else one that serves its pool. One that is not known
 * to be offline is asked, too: its answer, or the lack of one, is the best that can be known. Undefined: there is none.
 */
export function bridgeForTest(
  trunk: Pick<TrunkState, 'bridge_pool'> & Partial<Pick<TrunkState, 'bridge_id'>>,
  bridges: readonly Candidate[],
): string | undefined {
  const ranked = bridges
    .filter(({ pool, health, status }) => pool === trunk.bridge_pool && health !== 'lost' && status !== 'retired')
    .map((bridge) => ({ bridge, rank: rankOf(bridge, trunk.bridge_id) }))
    .sort((one, other) => one.rank - other.rank);
  return ranked[0]?.bridge.id;
}

const rankOf = ({ id, health, status }: Candidate, own: string | null | undefined): number =>
  (id === own ? 0 : 1) + (status === 'active' ? 0 : 2) + (health === 'serving' ? 0 : 4);
