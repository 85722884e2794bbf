import type { LiveCall } from '../live/live-calls.js';

/** How many outbound calls of this bridge use the trunk, trunk tests and calls of an earlier process included. */
export function outboundOn(calls: Iterable<Pick<LiveCall, 'started'>>, trunkId: string): number {
  let channels = 0;
  for (const { started } of calls)
    if (started.data.direction === 'outbound' && started.data.trunk_id === trunkId) channels += 1;
  return channels;
}
