import type { GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { nextHopOf, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { parseAddress, reachOf } from '@trunkmesh/routing/address-reach.js';
import { gatewayAddress } from '@trunkmesh/routing/address.js';
import { claimsOf, MAX_RESOLVED, networkOfAddress } from '@trunkmesh/routing/claims.js';

/**
 * An address counts for so long after the last bridge has reported it: names with several addresses lead to another
 * one every time.
 */
export const KEPT_MS = 60_000;

/** Where the bridges say that one trunk's gateway leads. */
export interface ResolvedName {
  readonly bridges: Map<string, readonly string[]>;
  /** Networks that a bridge has reported, with when it did last. */
  readonly seen: Map<string, number>;
}

export const resolvedName = (): ResolvedName => ({ bridges: new Map(), seen: new Map() });

/**
 * `addresses` undefined: the bridge says nothing of names. An empty list is a name that did not resolve, and changes
 * nothing.
 */
export function noteAddresses(
  name: ResolvedName,
  bridge: string,
  addresses: readonly string[] | undefined,
  { now, allowPrivate }: { now: number; allowPrivate: boolean },
): void {
  const before = name.bridges.get(bridge) ?? [];
  for (const network of before) name.seen.set(network, now);
  if (addresses === undefined || addresses.length === 0) return;
  const networks = addresses
    .filter((address) => isUsable(address, allowPrivate))
    .map(networkOfAddress)
    .filter((network) => network !== undefined);
  name.bridges.set(bridge, networks);
  for (const network of networks) name.seen.set(network, now);
}

/** The bridge has the gateway no more. What it reported runs out. */
export function forgetBridge(name: ResolvedName, bridge: string, now: number): void {
  for (const network of name.bridges.get(bridge) ?? []) name.seen.set(network, now);
  name.bridges.delete(bridge);
}

/** The networks that the name leads to; undefined where no bridge knows. Those that a bridge reports now come first. */
export function networksOf(name: ResolvedName, now: number): string[] | undefined {
  if (name.bridges.size === 0) return undefined;
  const present = new Set([...name.bridges.values()].flat());
  for (const [network, at] of name.seen) {
    if (!present.has(network) && now - at >= KEPT_MS) name.seen.delete(network);
  }
  return [...new Set([...present, ...name.seen.keys()])].slice(0, MAX_RESOLVED);
}

/** A name may lead where an address may not be claimed: the same rules (claim-policy.ts). */
function isUsable(text: string, allowPrivate: boolean): boolean {
  const address = parseAddress(text);
  const reach = address === undefined ? 'never' : reachOf(address).reach;
  return reach === 'public' || (reach === 'private' && allowPrivate);
}

/** Whether the trunk's recorded claims by name differ from these networks. */
export function isNews(trunk: TrunkState, networks: readonly string[]): boolean {
  if (gatewayAddress(nextHopOf(trunk)) !== undefined) return false;
  const claims = claimsOf(trunk);
  const named = claims.filter(({ via }) => via === 'name').map(({ network }) => network);
  const wanted = networks.filter(
    (network) => !claims.some((claim) => claim.via !== 'name' && claim.network === network),
  );
  return named.length !== wanted.length || wanted.some((network) => !named.includes(network));
}

type Registered = Pick<GatewayStatus, 'state' | 'registered_address' | 'addresses'>;

/**
 * The network that a live registration proves. An answer over UDP can be sent under a forged source address by whoever
 * received the request: it proves its source only where the request went nowhere else, to a literal address or a name
 * with this one. Over TCP and TLS the connection proves it.
 */
export function registeredNetwork(
  trunk: Pick<TrunkState, 'gateway' | 'outbound_proxy' | 'transport' | 'register'>,
  status: Registered,
  allowPrivate: boolean,
): string | undefined {
  const address = trunk.register && status.state === 'REGED' ? status.registered_address : null;
  const network = address != null && isUsable(address, allowPrivate) ? networkOfAddress(address) : undefined;
  if (network === undefined) return undefined;
  const asked = askedNetworks(nextHopOf(trunk), status.addresses ?? []);
  const certain = trunk.transport === 'udp' ? asked.length === 1 : true;
  return certain && asked.includes(network) ? network : undefined;
}

/** Where the request may have gone. */
function askedNetworks(hop: string, addresses: readonly string[]): (string | undefined)[] {
  const literal = gatewayAddress(hop) !== undefined;
  return literal ? [networkOfAddress(hostOf(hop))] : addresses.map(networkOfAddress);
}

const hostOf = (hop: string) =>
  hop.startsWith('[') ? hop.slice(1, hop.indexOf(']')) : hop.replace(/^([^:]*):\d+$/, '$1');
