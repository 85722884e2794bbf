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
 * When FreeSWITCH skips a gateway, its log line names neither the gateway nor, usually, the reason. The trunk's
 * settings show more.
 */
export function refusedProblem(trunk: TrunkState): GatewayProblem {
  return trunk.transport === 'tls'
    ? {
        code: 'tls-unavailable',
        message: 'This bridge has no TLS certificate, so it cannot serve a trunk with transport "tls".',
      }
    : {
        code: 'refused-by-freeswitch',
        message: "FreeSWITCH did not accept the gateway; see FreeSWITCH's log on the bridge.",
      };
}

/** The number of gateways by visible state, for the heartbeat. */
export function countByState(statuses: Iterable<GatewayStatus>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, error } of statuses) {
    const key = state ?? (error === null ? 'PENDING' : 'PROBLEM');
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
