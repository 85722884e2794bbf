import type { CallStarted } from '@trunkmesh/contracts/call.js';

const MAX_TRUNKS = 1_000;

/** How many inbound calls each trunk has, of those that have a limit of channels. */
export function inboundChannels(
  calls: Iterable<{ started: CallStarted }>,
  isLimited: (organizationId: string, trunkId: string) => boolean,
): Record<string, number> {
  const channels = new Map<string, number>();
  for (const { started } of calls) {
    const { direction, organization_id, trunk_id } = started.data;
    if (direction !== 'inbound' || organization_id === null || trunk_id === null) continue;
    const used = channels.get(trunk_id);
    if (used === undefined && (channels.size >= MAX_TRUNKS || !isLimited(organization_id, trunk_id))) continue;
    channels.set(trunk_id, (used ?? 0) + 1);
  }
  return Object.fromEntries(channels);
}
