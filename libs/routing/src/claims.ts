import { WIDEST_CLAIM, type AddressClaim } from '@trunkmesh/contracts/address.js';
import { nextHopOf, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import ipaddr from 'ipaddr.js';
import { gatewayAddress, parseCidr, type Address, type Cidr } from './address.js';

/**
 * What a trunk's settings claim by themselves: the gateway and the outbound proxy where they are literal addresses, and
 * the inbound addresses.
 */
export type ClaimSettings = Pick<TrunkState, 'gateway' | 'outbound_proxy' | 'inbound_addresses'>;
type ClaimState = ClaimSettings & Pick<TrunkState, 'address_claims' | 'created_at'>;

/**
 * Every network that the trunk claims. A state from before claims were recorded claims its literal addresses since the
 * trunk's creation.
 */
export function claimsOf(state: ClaimState): AddressClaim[] {
  return state.address_claims ?? literals(state).map((literal) => ({ ...literal, since: state.created_at }));
}

/**
 * The claims after a trunk was created (`before` null) or changed. A network that the trunk claimed before keeps its
 * date and approval, whichever setting names it now; a new one is claimed from `at` on, by an operator's approval where
 * `approved`. What the name of the next hop led to is dropped with the name; another port of the same host keeps it.
 */
export function claimsAfter(
  before: ClaimState | null,
  wanted: ClaimSettings,
  { at, approved }: { at: string; approved: boolean },
): AddressClaim[] {
  const earlier = before === null ? [] : claimsOf(before);
  const dated = literals(wanted).map(({ network, via }) => {
    const known = earlier.find((claim) => claim.network === network);
    const since = known?.since ?? at;
    return (known === undefined ? approved : known.approved === true)
      ? { network, via, since, approved: true }
      : { network, via, since };
  });
  const names =
    before !== null && hostOf(nextHopOf(before)) === hostOf(nextHopOf(wanted))
      ? earlier.filter(({ via }) => via === 'name')
      : [];
  return withoutTwins([...dated, ...names]);
}

/** Limit of addresses kept for one name: the owner of the name controls the DNS answers. */
export const MAX_RESOLVED = 64;

/** The claims after the name of the next hop was found to lead to these networks, and to no others. */
export function claimsResolved(state: ClaimState, networks: readonly string[], at: string): AddressClaim[] {
  const earlier = claimsOf(state);
  const names = networks.slice(0, MAX_RESOLVED).map(
    (network): AddressClaim =>
      earlier.find((claim) => claim.via === 'name' && claim.network === network) ?? {
        network,
        via: 'name',
        since: at,
      },
  );
  return withoutTwins([...earlier.filter(({ via }) => via !== 'name'), ...names]);
}

/** Wider than an organisation may claim without an operator (design, "Claims on shared names"). */
export function isWide(cidr: Cidr): boolean {
  return cidr.prefix < (cidr.address.family === 4 ? WIDEST_CLAIM.ipv4 : WIDEST_CLAIM.ipv6);
}

/**
 * The one spelling of a network that claims and evidence are compared by: host bits cleared, IPv6 as RFC 5952 has it.
 */
export function formatNetwork({ address, prefix }: Cidr): string {
  const text = formatAddress(address);
  const network =
    address.family === 4
      ? ipaddr.IPv4.networkAddressFromCIDR(`${text}/${prefix}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${text}/${prefix}`);
  return `${network.toString()}/${prefix}`;
}

export function formatAddress(address: Address): string {
  if (address.family === 6) return new ipaddr.IPv6([...address.groups]).toString();
  return [24, 16, 8, 0].map((shift) => Math.floor(address.bits / 2 ** shift) % 256).join('.');
}

/** A single address as the network that evidence is kept for. Undefined where the text is no address. */
export function networkOfAddress(text: string): string | undefined {
  const cidr = text.includes('/') ? undefined : parseCidr(text);
  return cidr && formatNetwork(cidr);
}

function literals(settings: ClaimSettings): Pick<AddressClaim, 'network' | 'via'>[] {
  const found: Pick<AddressClaim, 'network' | 'via'>[] = [];
  for (const host of [settings.gateway, nextHopOf(settings)]) {
    const address = gatewayAddress(host);
    if (address === undefined) continue;
    found.push({ network: formatNetwork({ address, prefix: address.family === 4 ? 32 : 128 }), via: 'gateway' });
  }
  for (const text of settings.inbound_addresses ?? []) {
    const cidr = parseCidr(text);
    if (cidr !== undefined) found.push({ network: formatNetwork(cidr), via: 'inbound' });
  }
  return withoutTwins(found);
}

const hostOf = (gateway: string) => gateway.replace(/:\d+$/, '').toLowerCase();

/** The first claim of each network stays. */
function withoutTwins<Claim extends { network: string }>(claims: readonly Claim[]): Claim[] {
  return claims.filter(({ network }, at) => claims.findIndex((other) => other.network === network) === at);
}
