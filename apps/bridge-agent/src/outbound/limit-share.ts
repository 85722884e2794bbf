import type { TrunkLimits } from '../route/call-limits.js';

/** The bridges that share the limits of trunks. `place` counts them from 1 by their ids; undefined: not one of them. */
export interface Fleet {
  bridges: number;
  place: number | undefined;
}

/**
 * What one bridge may use while nobody decides for all of them: all shares together are never more channels than the
 * trunk has. Where there are fewer channels than bridges, the first bridges have one each and the others none.
 */
export function shareOf({ max_channels, max_cps }: TrunkLimits, { bridges, place }: Fleet): TrunkLimits {
  return {
    max_channels: max_channels === null ? null : channelsOf(max_channels, { bridges, place }),
    max_cps: max_cps === null ? null : max_cps / bridges,
  };
}

function channelsOf(channels: number, { bridges, place }: Fleet): number {
  const rest = place !== undefined && place <= channels % bridges ? 1 : 0;
  return place === undefined ? 0 : Math.floor(channels / bridges) + rest;
}
