import type { LimitShare } from '@trunkmesh/contracts/outbound-call.js';
import type { TrunkLimits } from '../route/call-limits.js';

/**
 * What one bridge may use while nobody decides for all of them: all shares together are never more channels than the
 * trunk has. Where there are fewer channels than bridges, the first bridges have one each and the others none.
 * `place` counts the bridges from 1 by their ids; undefined: this is not one of them.
 */
export function shareOf({ max_channels, max_cps }: TrunkLimits, { bridges, place }: LimitShare): TrunkLimits {
  return {
    max_channels: max_channels === null ? null : channelsOf(max_channels, { bridges, place }),
    max_cps: max_cps === null ? null : max_cps / bridges,
  };
}

function channelsOf(channels: number, { bridges, place }: LimitShare): number {
  const rest = place !== undefined && place <= channels % bridges ? 1 : 0;
  return place === undefined ? 0 : Math.floor(channels / bridges) + rest;
}

/**
 * The share of a bridge that got `told` some time ago, where the bridges `online` are those of its pool whose
 * heartbeats arrive now: bridges may have been added since. It is the smaller of both shares, so that those of all
 * bridges that see the same ones online are no more than the limit, whatever each got. A bridge that is offline
 * still counts where it has one.
 */
export function shareAmong(told: LimitShare, bridgeId: string, online: readonly string[]): LimitShare {
  const sharing = [...new Set([...online, bridgeId])].sort();
  const bridges = Math.max(told.bridges, sharing.length);
  return told.place === undefined
    ? { bridges }
    : { bridges, place: Math.max(told.place, sharing.indexOf(bridgeId) + 1) };
}
