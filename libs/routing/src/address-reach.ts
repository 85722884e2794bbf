import ipaddr from 'ipaddr.js';

/** `never`: no host can be reached there. `private`: only in a network of one's own, refused unless ALLOW_PRIVATE_GATEWAYS. */
export type Reach = 'public' | 'private' | 'never';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

const NEVER = new Set(['unspecified', 'multicast', 'broadcast', 'discard']);
const PRIVATE = new Set(['private', 'loopback', 'linkLocal', 'uniqueLocal', 'deprecatedSiteLocal', 'carrierGradeNat']);

/** 240.0.0.0/4; ipaddr.js calls it "reserved", and so the documentation networks, which are as good as public to us. */
const FUTURE = ipaddr.IPv4.parseCIDR('240.0.0.0/4');

const FOUR_PARTS = /^\d{1,3}(\.\d{1,3}){3}$/;

/** An IPv4 address in four decimal parts, or an IPv6 address without a zone. IPv4 in IPv6 (`::ffff:192.0.2.1`) becomes IPv4. Nothing else: `127.1`, `0x7f.1` and `2130706433` are loopback in disguise. */
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
  if (NEVER.has(range) || (address instanceof ipaddr.IPv4 && address.match(FUTURE))) return { reach: 'never', what: WORDS[range] ?? 'a reserved address' };
  if (PRIVATE.has(range)) return { reach: 'private', what: WORDS[range]! };
  return { reach: 'public', what: 'a public address' };
}

const WORDS: Partial<Record<string, string>> = {
  unspecified: 'the unspecified address', multicast: 'a multicast address', broadcast: 'the broadcast address', discard: 'a discard address',
  private: 'a private address (RFC 1918)', loopback: 'a loopback address', linkLocal: 'a link-local address', uniqueLocal: 'a unique local address (RFC 4193)',
  deprecatedSiteLocal: 'a site-local address (RFC 3879)',
  carrierGradeNat: 'a carrier-grade NAT address (RFC 6598)',
};

/** The IPv4 address that an IPv6 one stands for: translated (64:ff9b::/96, ::ffff:0:0:0/96) or 6to4 (2002::/16). A way around every check otherwise. */
function embedded(address: Address): Address | undefined {
  if (address instanceof ipaddr.IPv4) return undefined;
  const bytes = address.toByteArray();
  const range = address.range();
  if (range === 'rfc6052' || range === 'rfc6145') return new ipaddr.IPv4(bytes.slice(12));
  if (range === '6to4') return new ipaddr.IPv4(bytes.slice(2, 6));
  return undefined;
}

/** Networks that hold private addresses, for networks that may be larger than one of them. */
const PRIVATE_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8', '169.254.0.0/16', '100.64.0.0/10', '::1/128', 'fe80::/10', 'fec0::/10', 'fc00::/7'].map((cidr) => ipaddr.parseCIDR(cidr));

export type Network = [Address, number];

export const holdsPrivate = (network: Network) => PRIVATE_NETWORKS.some((other) => overlap(network, other));

/** Two networks overlap where they agree in the bits that the larger one fixes. */
function overlap([address, bits]: Network, [other, otherBits]: Network): boolean {
  return address.kind() === other.kind() && address.match(other, Math.min(bits, otherBits));
}

/** The network's own address: what is left when the host's bits are cleared. */
export function networkAddress([address, bits]: Network): Address {
  const bytes = address.toByteArray().map((byte, index) => byte & (0xff << Math.max(0, Math.min(8, 8 - (bits - index * 8))) & 0xff));
  return ipaddr.fromByteArray(bytes);
}
