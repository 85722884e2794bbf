import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../route/canonical-address.js';

/** A trunk's `gateway`, parsed. `host` has no brackets; `address` is the canonical form of a literal address. */
export interface GatewayAddress {
  host: string;
  port: number | null;
  address: string | null;
}

/** Canonical CIDR, single addresses with their full prefix. Undefined if it is neither. */
export function canonicalCidr(text: string): string | undefined {
  const [base = '', prefix, more] = text.trim().split('/');
  const address = canonicalAddress(base);
  if (address === undefined || more !== undefined) return undefined;
  const bits = address.includes(':') ? 128 : 32;
  if (prefix === undefined) return `${address}/${bits}`;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits || base.includes(':') !== address.includes(':'))
    return undefined;
  const network =
    bits === 128
      ? ipaddr.IPv6.networkAddressFromCIDR(`${address}/${prefix}`)
      : ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`);
  return `${network.toString()}/${Number(prefix)}`;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`, `v6`. Undefined if it is none of these. */
export function parseGatewayAddress(gateway: string): GatewayAddress | undefined {
  const bare = gateway.includes('[') ? undefined : canonicalAddress(gateway);
  if (bare !== undefined) return { host: bare, port: null, address: bare };
  const match = /^(?<host>\[[\da-f:.]+\]|[a-z\d._-]+)(?::(?<port>\d{1,5}))?$/i.exec(gateway);
  if (match === null) return undefined;
  const host = parseHost(match.groups!.host!);
  const port = parsePort(match.groups!.port);
  return host === undefined || port === undefined ? undefined : { ...host, port };
}

function parsePort(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

function parseHost(text: string): Pick<GatewayAddress, 'host' | 'address'> | undefined {
  const bracketed = text.startsWith('[');
  const address = canonicalAddress(bracketed ? text.slice(1, -1) : text) ?? null;
  if (bracketed && address === null) return undefined;
  return { host: address ?? text.toLowerCase(), address };
}

/** As a SIP URI writes it. */
export function uriHost(gateway: GatewayAddress): string {
  const host = gateway.host.includes(':') ? `[${gateway.host}]` : gateway.host;
  return gateway.port === null ? host : `${host}:${gateway.port}`;
}

export type Lookup = { type: 'A' | 'AAAA' | 'SRV'; name: string };

/**
 * What FreeSWITCH may look up for the name (RFC 3263 §4.2 with the transport given): the host itself, and its SRV
 * targets unless a port is given.
 */
export function lookupsOf(gateway: GatewayAddress, transport: 'udp' | 'tcp' | 'tls'): Lookup[] {
  if (gateway.address !== null) return [];
  const hosts: Lookup[] = [
    { type: 'A', name: gateway.host },
    { type: 'AAAA', name: gateway.host },
  ];
  if (gateway.port !== null) return hosts;
  return [
    ...hosts,
    { type: 'SRV', name: `${transport === 'tls' ? '_sips._tcp' : `_sip._${transport}`}.${gateway.host}` },
  ];
}

/** Where requests go, and for TLS what FreeSWITCH has to find in the certificate there; absent: it verifies none. */
export type Hop = Target & { subject?: string };

/** One target of a gateway's host name. A null `port` means the gateway's own port or the transport's default. */
export interface Target {
  address: string;
  port: number | null;
}

/**
 * The target as the URI of a next hop. `subject`: what FreeSWITCH has to find in the certificate there. With `maddr`
 * sofia-sip connects to that address, looks nothing up, and takes the host for the name that the certificate proves
 * (`tpn_host` and `tpn_canon`); without it that would be the address itself.
 */
export function hopUri({ address, port, subject }: Hop, gateway: GatewayAddress, transport: string): string {
  const to = port ?? gateway.port;
  if (subject === undefined) return `sip:${uriHost({ host: address, address, port: to })};transport=${transport}`;
  const maddr = uriHost({ host: address, address, port: null });
  return `sip:${uriHost({ host: subject, address: null, port: to })};transport=${transport};maddr=${maddr}`;
}
