import { Resolver } from 'node:dns/promises';
import type { TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import { parseAddress, reachOf } from '@trunkmesh/routing/address-reach.js';
import { lookupsOf, type GatewayAddress } from '../gateway/gateway-address.js';
import { mayBeCarrier } from '../gateway/gateway-address.net.js';
import { resolveAll } from '../gateway/name-lookup.net.js';
import { portOf, type Resolution, type WireTarget } from './place.js';

export interface LookUp {
  /** Whether names may lead to private addresses (ALLOW_PRIVATE_GATEWAYS). */
  allowPrivate: boolean;
  /** For tests; absent: the host's own servers. */
  servers?: readonly string[] | undefined;
}

/**
 * Where the trunk's host leads, by the rules of a saved trunk: one forbidden address is enough to refuse the name. A
 * literal address was checked at the API, where an operator may have approved it.
 */
export async function resolveNextHop(
  gateway: GatewayAddress,
  transport: TrunkSettings['transport'],
  { allowPrivate, servers, timeoutMs }: LookUp & { timeoutMs: number },
): Promise<Resolution> {
  const none = { gateway, transport, targets: [], isForbidden: false, failure: null, isService: false };
  if (gateway.address !== null) {
    const address = parseAddress(gateway.address);
    if (address === undefined || reachOf(address).reach === 'never') return { ...none, isForbidden: true };
    return { ...none, targets: [{ address: gateway.address, port: null }] };
  }
  const resolver = new Resolver({ timeout: 1_500, tries: 2 });
  if (servers) resolver.setServers(servers);
  const timer = setTimeout(() => resolver.cancel(), timeoutMs);
  try {
    const found = await resolveAll(resolver, lookupsOf(gateway, transport));
    const isForbidden = found.addresses.some((address) => !mayBeCarrier(address, allowPrivate));
    const failure = found.why === 'no address' ? null : found.why;
    const isService = found.targets.some(({ port }) => port !== null);
    return { ...none, targets: isForbidden ? [] : found.targets, isForbidden, failure, isService };
  } finally {
    clearTimeout(timer);
  }
}

/** The first target, as FreeSWITCH takes it. Undefined: there is none. */
export function wireTarget(resolution: Resolution): WireTarget | undefined {
  const { transport, targets } = resolution;
  const [first] = targets;
  if (first === undefined) return undefined;
  return { transport, address: first.address, port: portOf(resolution, first.port) };
}
