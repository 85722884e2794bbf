import ipaddr from 'ipaddr.js';

/**
 * Addresses of the two families as a number (IPv4) or eight 16-bit groups (IPv6). IPv4-mapped IPv6 (`::ffff:192.0.2.1`)
 * is the IPv4 address: FreeSWITCH on a dual-stack socket reports a carrier's IPv4 that way.
 */
export type Address = { family: 4; bits: number } | { family: 6; groups: readonly number[] };

export interface Cidr {
  address: Address;
  prefix: number;
}

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/**
 * Dotted decimal only: `010.0.0.1`, `0x7f.1` and other spellings that resolvers read differently are none. -1 where it
 * is none.
 */
function parseIpv4(text: string): number {
  const octets = IPV4.exec(text);
  if (octets === null) return -1;
  let bits = 0;
  for (let at = 1; at <= 4; at++) {
    const octet = Number(octets[at]);
    if (octet > 255) return -1;
    bits = bits * 256 + octet;
  }
  return bits;
}

/** `undefined` for anything that is not an address. A zone (`%eth0`) is dropped: it names an interface of one host. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > 64) return undefined;
  const bits = parseIpv4(text);
  if (bits >= 0) return { family: 4, bits };
  if (!text.includes(':')) return undefined;
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  if (!ipaddr.IPv6.isValid(bare)) return undefined;
  const groups = ipaddr.IPv6.parse(bare).parts;
  const mapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return mapped ? { family: 4, bits: groups[6]! * 65536 + groups[7]! } : { family: 6, groups };
}

/** `address` or `address/prefix`. Host bits may be set; they are ignored. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, prefix: width };
  const written = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(written)) return undefined;
  // A mapped address with a prefix: `::ffff:192.0.2.0/120` is 192.0.2.0/24.
  const prefix = Number(written) - (address.family === 4 && text.includes(':') ? 96 : 0);
  return prefix >= 0 && prefix <= width ? { address, prefix } : undefined;
}

/**
 * The address in a trunk's `gateway` where that is literal: `host`, `host:port`, `[v6]`, `[v6]:port`, or a bare IPv6.
 */
export function gatewayAddress(gateway: string): Address | undefined {
  if (gateway.startsWith('[')) {
    const end = gateway.indexOf(']');
    return end < 0 ? undefined : parseAddress(gateway.slice(1, end));
  }
  const colon = gateway.indexOf(':');
  const port = colon >= 0 && colon === gateway.lastIndexOf(':');
  return parseAddress(port ? gateway.slice(0, colon) : gateway);
}

/**
 * Values by network. A lookup asks one hash map a prefix length in use, the longest first: 33 and 129 of them at most,
 * in practice a handful.
 */
export interface AddressIndex<T> {
  readonly v4: (Map<number, T[]> | undefined)[];
  readonly v6: (Map<string, T[]> | undefined)[];
  v4Prefixes: number[];
  v6Prefixes: number[];
}

export function createAddressIndex<T>(): AddressIndex<T> {
  return { v4: [], v6: [], v4Prefixes: [], v6Prefixes: [] };
}

const maskIpv4 = (bits: number, prefix: number): number =>
  prefix === 0 ? 0 : prefix === 32 ? bits : Math.floor(bits / 2 ** (32 - prefix));

function maskIpv6(groups: readonly number[], prefix: number): string {
  let key = '';
  for (let at = 0; at * 16 < prefix; at++) {
    const rest = prefix - at * 16;
    key += String.fromCharCode(rest >= 16 ? groups[at]! : groups[at]! & (0xffff << (16 - rest)));
  }
  return key;
}

/** Whether the network holds the address. */
export function contains({ address: network, prefix }: Cidr, address: Address): boolean {
  if (network.family === 4)
    return address.family === 4 && maskIpv4(network.bits, prefix) === maskIpv4(address.bits, prefix);
  return address.family === 6 && maskIpv6(network.groups, prefix) === maskIpv6(address.groups, prefix);
}

export function addAddress<T>(index: AddressIndex<T>, cidr: Cidr, value: T): void {
  const { address, prefix } = cidr;
  if (address.family === 4) {
    const networks = (index.v4[prefix] ??= new Map<number, T[]>());
    append(networks, maskIpv4(address.bits, prefix), value);
    index.v4Prefixes = inUse(index.v4);
  } else {
    const networks = (index.v6[prefix] ??= new Map<string, T[]>());
    append(networks, maskIpv6(address.groups, prefix), value);
    index.v6Prefixes = inUse(index.v6);
  }
}

export function removeAddress<T>(index: AddressIndex<T>, cidr: Cidr, value: T): void {
  const { address, prefix } = cidr;
  if (address.family === 4) {
    take(index.v4, prefix, maskIpv4(address.bits, prefix), value);
    index.v4Prefixes = inUse(index.v4);
  } else {
    take(index.v6, prefix, maskIpv6(address.groups, prefix), value);
    index.v6Prefixes = inUse(index.v6);
  }
}

/** The values of every network that the address is in, one list a network, the longest prefix first. */
export function lookupAddress<T>(index: AddressIndex<T>, address: Address): readonly T[][] {
  const found: T[][] = [];
  const prefixes = address.family === 4 ? index.v4Prefixes : index.v6Prefixes;
  for (const prefix of prefixes) {
    const values =
      address.family === 4
        ? index.v4[prefix]!.get(maskIpv4(address.bits, prefix))
        : index.v6[prefix]!.get(maskIpv6(address.groups, prefix));
    if (values !== undefined) found.push(values);
  }
  return found;
}

function append<K, T>(networks: Map<K, T[]>, network: K, value: T): void {
  const values = networks.get(network);
  if (values === undefined) networks.set(network, [value]);
  else values.push(value);
}

function take<K, T>(family: (Map<K, T[]> | undefined)[], prefix: number, network: K, value: T): void {
  const networks = family[prefix];
  const values = networks?.get(network);
  const at = values?.indexOf(value) ?? -1;
  if (networks === undefined || values === undefined || at < 0) return;
  values.splice(at, 1);
  if (values.length === 0) networks.delete(network);
  if (networks.size === 0) family[prefix] = undefined;
}

function inUse(family: (Map<unknown, unknown> | undefined)[]): number[] {
  const prefixes: number[] = [];
  for (let prefix = family.length - 1; prefix >= 0; prefix--) if (family[prefix] !== undefined) prefixes.push(prefix);
  return prefixes;
}
