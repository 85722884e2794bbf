import type { BridgeOwner } from '@trunkmesh/contracts/bridge.js';

/**
 *  `ours`: nothing to do. `take`: nobody has it. `ask-once`, `ask`: it is taken if that process does not answer; one of
 *  the same place is known to be dead but for its name.
 */
export type ClaimStep = 'ours' | 'take' | 'ask-once' | 'ask';

export function claimStep(owner: BridgeOwner | undefined, self: Pick<BridgeOwner, 'instance_id' | 'place'>): ClaimStep {
  if (owner === undefined) return 'take';
  if (owner.instance_id === self.instance_id) return 'ours';
  return owner.place === self.place ? 'ask-once' : 'ask';
}

/** Another process has the bridge and answers. */
export class BridgeTaken extends Error {
  override readonly name = 'BridgeTaken';

  constructor({ bridge_id: bridgeId, host, claimed_at: claimedAt, instance_id: instanceId }: BridgeOwner) {
    super(
      `another agent runs with BRIDGE_ID ${bridgeId}: on host ${host} since ${claimedAt}, instance ` +
        `${instanceId}. Give each agent a BRIDGE_ID of its own, or stop the other one first`,
    );
  }
}
