import type { GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { parseGatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { GatewayProblem } from './gateway-status.js';
import type { Observed, ObservedGateway } from './observed.js';

/** The gateways of each trunk, all revisions. */
export function gatewaysByTrunk(observed: Observed): Map<string, ObservedGateway[]> {
  const byTrunk = new Map<string, ObservedGateway[]>();
  for (const gateway of observed.values()) {
    const id = parseGatewayName(gateway.name)?.id;
    if (id !== undefined) byTrunk.set(id, [...(byTrunk.get(id) ?? []), gateway]);
  }
  return byTrunk;
}

/**
 *  FreeSWITCH skips a gateway with a log line that names neither it nor, mostly, the reason. What is known of this
 *  one's settings tells more.
 */
export function refusedProblem(trunk: TrunkState): GatewayProblem {
  return trunk.transport === 'tls'
    ? {
        code: 'tls-unavailable',
        message: 'This bridge has no TLS certificate, so a trunk with transport "tls" cannot live here.',
      }
    : {
        code: 'refused-by-freeswitch',
        message: 'FreeSWITCH did not accept the gateway; its log on the bridge says why.',
      };
}

/** How many gateways are in which state, for the heartbeat: by what readers see, not by an attempt's single steps. */
export function countByState(statuses: Iterable<GatewayStatus>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, error } of statuses) {
    const key = state ?? (error === null ? 'PENDING' : 'PROBLEM');
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
