import type { BridgeOwner } from '@trunkmesh/contracts/bridge.js';

/**
 * `ours`: nothing to do. `take`: nobody holds it. `ask-once`, `ask`: take it if that process does not answer. One ask
 * is enough for a process of the same place, which has lost its lock.
 */
export type ClaimStep = 'ours' | 'take' | 'ask-once' | 'ask';

export function claimStep(owner: BridgeOwner | undefined, self: Pick<BridgeOwner, 'instance_id' | 'place'>): ClaimStep {
  if (owner === undefined) return 'take';
  if (owner.instance_id === self.instance_id) return 'ours';
  return owner.place === self.place ? 'ask-once' : 'ask';
}

/** Another process holds the bridge and answers. */
export class BridgeTaken extends Error {
  override readonly name = 'BridgeTaken';

  constructor({ bridge_id: bridgeId, host, claimed_at: claimedAt, instance_id: instanceId }: BridgeOwner) {
    super(
      `another agent runs with BRIDGE_ID ${bridgeId}: on host ${host} since ${claimedAt}, instance ` +
        `${instanceId}. Give each agent a BRIDGE_ID of its own, or stop the other one first`,
    );
  }
}
