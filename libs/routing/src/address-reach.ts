import ipaddr from 'ipaddr.js';

/**
 * `never`: no host can be reached there. `private`: only in a network of one's own, refused unless
 * ALLOW_PRIVATE_GATEWAYS.
 */
export type Reach = 'public' | 'private' | 'never';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

const NEVER = new Set(['unspecified', 'multicast', 'broadcast', 'discard']);

/** 240.0.0.0/4; ipaddr.js calls it "reserved", and so the documentation networks, which are as good as public to us. */
const FUTURE = ipaddr.IPv4.parseCIDR('240.0.0.0/4');

const FOUR_PARTS = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * An IPv4 address in four decimal parts, or an IPv6 address without a zone. IPv4 in IPv6 (`::ffff:192.0.2.1`) becomes
 * IPv4. Nothing else: `127.1`, `0x7f.1` and `2130706433` are loopback in disguise.
 */
export function parseAddress(text: string): Address | undefined {
  // Asked first because ipaddr.js throws, and catches, for each text that is none: most are names.
  if (FOUR_PARTS.test(text)) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

export function reachOf(address: Address): { reach: Reach; what: string } {
  const inner = embedded(address);
  if (inner !== undefined) return reachOf(inner);
  const range = address.range();
  if (NEVER.has(range) || (address instanceof ipaddr.IPv4 && address.match(FUTURE)))
    return { reach: 'never', what: NOBODYS[range] ?? 'a reserved address' };
  const special = SPECIAL.find(({ network }) => overlap([address, width(address)], network));
  if (special !== undefined) return { reach: 'private', what: special.what };
  if (address instanceof ipaddr.IPv6 && !address.match(GLOBAL_UNICAST))
    return { reach: 'private', what: 'an address outside of the public IPv6 range (2000::/3)' };
  return { reach: 'public', what: 'a public address' };
}

const width = (address: Address) => (address instanceof ipaddr.IPv4 ? 32 : 128);

const NOBODYS: Partial<Record<string, string>> = {
  unspecified: 'the unspecified address',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  discard: 'a discard address',
};

/**
 * The IPv4 address inside an IPv6 address: translated (64:ff9b::/96, ::ffff:0:0:0/96) or 6to4 (2002::/16). Without
 * this, such an address would bypass every check.
 */
function embedded(address: Address): Address | undefined {
  if (address instanceof ipaddr.IPv4) return undefined;
  const bytes = address.toByteArray();
  const range = address.range();
  if (address.match(LOCAL_TRANSLATION)) return undefined;
  if (range === 'rfc6052' || range === 'rfc6145') return new ipaddr.IPv4(bytes.slice(12));
  if (range === '6to4') return new ipaddr.IPv4(bytes.slice(2, 6));
  return undefined;
}

/**
 * Addresses that no carrier can have: private ones, and those of IANA's special-purpose registries (RFC 6890) that lead
 * to no host of the public internet. Of 6to4 and the translators the IPv4 address inside counts (`embedded`). The
 * documentation networks are as good as public to us.
 */
const SPECIAL: readonly { network: Network; what: string }[] = (
  [
    ['10.0.0.0/8', 'a private address (RFC 1918)'],
    ['172.16.0.0/12', 'a private address (RFC 1918)'],
    ['192.168.0.0/16', 'a private address (RFC 1918)'],
    ['127.0.0.0/8', 'a loopback address'],
    ['169.254.0.0/16', 'a link-local address'],
    ['100.64.0.0/10', 'a carrier-grade NAT address (RFC 6598)'],
    // 192.0.0.192 is Oracle Cloud's metadata service.
    ['192.0.0.0/24', 'a protocol assignment of the IETF (RFC 6890)'],
    ['192.31.196.0/24', 'an AS112 address (RFC 7535)'],
    ['192.52.193.0/24', 'a multicast relay (RFC 7450)'],
    ['192.88.99.0/24', 'a 6to4 relay (RFC 7526)'],
    ['192.175.48.0/24', 'an AS112 address (RFC 7534)'],
    ['198.18.0.0/15', 'a benchmarking address (RFC 2544)'],
    // Every virtual machine of Azure reaches the host's own services there.
    ['168.63.129.16/32', "a cloud provider's internal address"],
    ['::1/128', 'a loopback address'],
    ['fe80::/10', 'a link-local address'],
    ['fec0::/10', 'a site-local address (RFC 3879)'],
    ['fc00::/7', 'a unique local address (RFC 4193)'],
    ['64:ff9b:1::/48', 'a local translation prefix (RFC 8215)'],
    // Teredo, benchmarking, ORCHID and whatever else is assigned in it.
    ['2001::/23', 'a protocol assignment of the IETF (RFC 2928), such as Teredo'],
    ['2620:4f:8000::/48', 'an AS112 address (RFC 7534)'],
  ] as const
).map(([cidr, what]) => ({ network: ipaddr.parseCIDR(cidr), what }));

/** Translates to whatever its network's owner likes. */
const LOCAL_TRANSLATION = ipaddr.IPv6.parseCIDR('64:ff9b:1::/48');

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

export type Network = [Address, number];

/** A network may be larger than what it holds, and may be one of IPv4 addresses in another form. */
export function holdsPrivate([address, bits]: Network): boolean {
  const inner = embedded(address);
  const network: Network =
    inner === undefined
      ? [address, bits]
      : [inner, Math.max(0, Math.min(32, bits - (address.range() === '6to4' ? 16 : 96)))];
  return SPECIAL.some((other) => overlap(network, other.network));
}

/** Two networks overlap where they agree in the bits that the larger one fixes. */
function overlap([address, bits]: Network, [other, otherBits]: Network): boolean {
  return address.kind() === other.kind() && address.match(other, Math.min(bits, otherBits));
}

/** The network's own address: what is left when the host's bits are cleared. */
export function networkAddress([address, bits]: Network): Address {
  const bytes = address
    .toByteArray()
    .map((byte, index) => byte & ((0xff << Math.max(0, Math.min(8, 8 - (bits - index * 8)))) & 0xff));
  return ipaddr.fromByteArray(bytes);
}
