import { parseAddress, reachOf, type Address, type Reach } from '@trunkmesh/routing/address-reach.js';

/** `text`: as we keep it: host in lower case, IPv6 in brackets and in its one spelling (RFC 5952). */
export interface Gateway {
  host: string;
  port: number | null;
  kind: 'name' | 'ipv4' | 'ipv6';
  text: string;
  reach: Reach;
  what: string;
}

export type GatewayReading = { ok: true; gateway: Gateway } | { ok: false; message: string };

const refuse = (message: string): GatewayReading => ({ ok: false, message });

/** `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address; the message says what to write instead. */
export function readGateway(text: string): GatewayReading {
  const shape = shapeProblem(text);
  if (shape !== undefined) return refuse(shape);
  const bare = parseAddress(text);
  if (bare !== undefined) return literal(bare, null);
  const match = /^(\[[^\]]*\]|[^:[\]]+)(?::(.*))?$/.exec(text);
  if (!match)
    return refuse(
      'must be a host or host:port, for example "sip.example.com" or "sip.example.com:5061"; an IPv6 address ' +
        'with a port goes in brackets: "[2001:db8::1]:5060"',
    );
  if (match[2] === undefined) return host(match[1]!, null);
  if (match[2].includes(':'))
    return refuse('has more than one port; an IPv6 address with a port goes in brackets: "[2001:db8::1]:5060"');
  if (!/^\d{1,5}$/.test(match[2])) return refuse('has a port that is not a number from 1 to 65535');
  const port = Number(match[2]);
  return port >= 1 && port <= 65_535 ? host(match[1]!, port) : refuse('has a port outside of 1 to 65535');
}

/** What people paste instead of a host. Each has its own answer. */
function shapeProblem(text: string): string | undefined {
  if (/\p{Cc}/u.test(text)) return 'must not contain control characters';
  if (/\s/u.test(text)) return 'must not contain spaces';
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text) || /^sips?:/i.test(text))
    return 'must be a host without a scheme: leave out what is before it, such as "sip:"';
  if (text.includes('@')) return 'must be a host without a user: the user name goes into "username"';
  if (/[/?#\\]/.test(text)) return 'must be a host without a path';
  if (/[;,]/.test(text)) return 'must be one host without parameters: the transport goes into "transport"';
  return undefined;
}

function host(written: string, port: number | null): GatewayReading {
  const suffix = port === null ? '' : `:${port}`;
  if (written.startsWith('[')) {
    const address = parseAddress(written.slice(1, -1));
    return address !== undefined && written.includes(':')
      ? literal(address, port)
      : refuse('has something else than an IPv6 address in its brackets');
  }
  const address = parseAddress(written);
  if (address !== undefined) return literal(address, port);
  return name(written.toLowerCase().replace(/\.$/, ''), { port, suffix });
}

function literal(address: Address, port: number | null): GatewayReading {
  const kind = address.kind();
  const host = kind === 'ipv6' ? `[${address.toString()}]` : address.toString();
  return {
    ok: true,
    gateway: { host, port, kind, text: port === null ? host : `${host}:${port}`, ...reachOf(address) },
  };
}

const LABEL = /^(?!-)[a-z\d_-]{1,63}(?<!-)$/;
/**
 * The last label of a name in the DNS is never a number; what ends in one is an address in a spelling that some
 * resolvers take for loopback (WHATWG URL, "ends in a number").
 */
const NUMBER = /^(\d+|0x[\da-f]*)$/;
const LOCAL_SUFFIXES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa'];

function name(host: string, { port, suffix }: { port: number | null; suffix: string }): GatewayReading {
  if (/[^\x20-\x7e]/.test(host))
    return refuse('must be written in ASCII: a name with other letters goes in its "xn--" form');
  const labels = host.split('.');
  if (host.length > 253 || !labels.every((label) => LABEL.test(label)))
    return refuse('is not a valid host name or IP address');
  if (NUMBER.test(labels[labels.length - 1]!))
    return refuse('is not a valid IP address: an IPv4 address has four decimal parts, for example "192.0.2.10"');
  const local = labels.length === 1 || LOCAL_SUFFIXES.some((ending) => host === ending || host.endsWith(`.${ending}`));
  return {
    ok: true,
    gateway: {
      host,
      port,
      kind: 'name',
      text: host + suffix,
      reach: local ? 'private' : 'public',
      what: local ? 'a name that only a private network knows' : 'a public name',
    },
  };
}

/** A service and its transport in front of a domain (RFC 2782); some write TLS there as if it were one. */
const SERVICE = /^(?:_[a-z\d-]+\._(?:udp|tcp|sctp|dccp|tls|wss?)(?:\.|$))+/;

/**
 * What is wrong with the name of an SRV record as a gateway: FreeSWITCH looks for such records below the name that it
 * is given, and would never find these.
 * A trunk that has such a name keeps it.
 */
export function serviceNameProblem(text: string, existing: string | null): string | undefined {
  const reading = readGateway(text);
  if (!reading.ok || !SERVICE.test(reading.gateway.host)) return undefined;
  const before = existing === null ? undefined : readGateway(existing);
  if (before?.ok === true && before.gateway.host === reading.gateway.host) return undefined;
  const domain = reading.gateway.host.replace(SERVICE, '');
  const instead = domain === '' ? 'for example "example.com"' : `"${domain}"`;
  const lookup = 'the SRV records for the trunk\'s "transport" are looked up by themselves';
  return `is the name of an SRV record: write the domain, ${instead}, without a port; ${lookup}`;
}
