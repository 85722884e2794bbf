import { Resolver, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { reachOf } from '@trunkmesh/routing/address-reach.js';
import ipaddr from 'ipaddr.js';

/** The error code when a host name resolves to a private address. */
export const PRIVATE_ADDRESS = 'EPRIVATEADDRESS';

/**
 * The only globally routed IPv6 range (RFC 4291 §2.4); the library alone would accept `::127.0.0.1` written as
 * `::7f00:1`.
 */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Loopback, link-local (which includes the cloud's metadata service), private, multicast and reserved ranges are not
 * public; an IPv4-mapped IPv6 address counts as its IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // A cloud's own services, such as 168.63.129.16: the list that gateways obey as well.
  if (reachOf(parsed).reach !== 'public') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/** Whether the host of a URL is a literal, non-public address: `lookup` is never called for those. */
export function isPrivateLiteral(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && !isPublicAddress(host);
}

type LookupAnswer = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** RFC 8305 §3: how long to wait for the other address family once one has answered. */
const RESOLUTION_DELAY_MS = 50;
const ASKED = { timeout: 2_000, tries: 2 };

/**
 * A `lookup` for `net.connect` that returns only public addresses. The connection uses the checked addresses, so a name
 * that changes in between (DNS rebinding) gains nothing.
 */
export const lookupPublic = publicLookup();

/**
 * Queries the name servers itself: `getaddrinfo` would block one of the four threads of all file work while a
 * customer's name server is silent. Names that only the hosts file knows are not public.
 */
export function publicLookup(servers?: readonly string[]) {
  return (hostname: string, options: LookupOptions, answer: LookupAnswer): void => {
    if (isLoopbackName(hostname)) return answer(refusal(), []);
    // A new resolver each time, because a resolver reads the host's settings only once.
    const resolver = new Resolver(ASKED);
    if (servers !== undefined) resolver.setServers(servers);
    const found: LookupAddress[] = [];
    const families = ([4, 6] as const).filter((family) => !isOther(family, options.family));
    let [open, failure]: [number, NodeJS.ErrnoException | undefined] = [families.length, undefined];
    let delay: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(delay);
      open = -1;
      resolver.cancel();
      give(found, failure, { all: options.all === true, answer });
    };
    const answered = (family: 4 | 6, error: NodeJS.ErrnoException | null, addresses: string[] | undefined): void => {
      if (open < 0) return;
      // Prefer the error that says why no server answered over "no such record".
      if (error) failure = failure === undefined || NO_RECORD.has(failure.code ?? '') ? error : failure;
      else found.push(...addresses!.map((address) => ({ address, family })));
      open -= 1;
      if (open === 0) settle();
      else if (found.length > 0) delay = setTimeout(settle, RESOLUTION_DELAY_MS);
    };
    for (const family of families)
      resolver[family === 4 ? 'resolve4' : 'resolve6'](hostname, (error, addresses) => {
        answered(family, error, addresses);
      });
  };
}

const NO_RECORD: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);
const refusal = () =>
  Object.assign(new Error('the host name resolves to a private address'), { code: PRIVATE_ADDRESS });

/** RFC 6761 §6.3: these names are never looked up. */
const isLoopbackName = (name: string): boolean => /(^|\.)localhost\.?$/i.test(name);
const isOther = (family: 4 | 6, wanted: LookupOptions['family']): boolean =>
  family === 4 ? wanted === 6 || wanted === 'IPv6' : wanted === 4 || wanted === 'IPv4';

function give(
  found: readonly LookupAddress[],
  failure: NodeJS.ErrnoException | undefined,
  { all, answer }: { all: boolean; answer: LookupAnswer },
): void {
  const allowed = found.filter(({ address }) => isPublicAddress(address)).sort((a, b) => a.family - b.family);
  const [first] = allowed;
  if (first === undefined) return answer(found.length === 0 && failure !== undefined ? failure : refusal(), []);
  if (all) return answer(null, allowed);
  return answer(null, first.address, first.family);
}
