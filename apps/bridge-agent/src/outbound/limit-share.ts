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
 * The smaller one of the share that a bridge was `given` some time ago and its share among the bridges of its pool that
 * are `online` now, as bridges may have been added since. All bridges that see the same ones online then never exceed
 * the limit together, whatever each was given. A bridge that is offline still counts if it was counted before.
 */
export function shareAmong(given: LimitShare, bridgeId: string, online: readonly string[]): LimitShare {
  const sharing = [...new Set([...online, bridgeId])].sort();
  const bridges = Math.max(given.bridges, sharing.length);
  return given.place === undefined
    ? { bridges }
    : { bridges, place: Math.max(given.place, sharing.indexOf(bridgeId) + 1) };
}
