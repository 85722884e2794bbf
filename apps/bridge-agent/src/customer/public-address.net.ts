import { Resolver, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The code of the error that a name which leads into a private network is refused with. */
export const PRIVATE_ADDRESS = 'EPRIVATEADDRESS';

/**
 *  Of IPv6 nothing else is routed in the internet (RFC 4291 §2.4); the library counts `::127.0.0.1` written as
 *  `::7f00:1` among it.
 */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 *  Loopback, link-local (and with it the cloud's metadata service), private, multicast and reserved ranges are not
 *  public; an IPv4 address in IPv6 clothes counts as what it is.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  return parsed.range() === 'unicast' && (parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6));
}

/** The host of a URL is an address, and not a public one: `lookup` is never asked about those. */
export function isPrivateLiteral(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && !isPublicAddress(host);
}

type LookupAnswer = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** RFC 8305 §3: how long the other family is waited for once one has an address. */
const RESOLUTION_DELAY_MS = 50;
const ASKED = { timeout: 2_000, tries: 2 };

/**
 *  For `net.connect`: only public addresses of the name. What is checked here is what is connected to; a name that
 *  changes its address in between gains nothing.
 */
export const lookupPublic = publicLookup();

/**
 * Asks the name servers itself: the system's `getaddrinfo` would hold one of the four threads that all files are
 * written with for as long as a customer's name server is silent. What only the host's own files know is not public.
 */
export function publicLookup(servers?: readonly string[]) {
  return (hostname: string, options: LookupOptions, answer: LookupAnswer): void => {
    if (isLoopbackName(hostname)) return answer(refusal(), []);
    // A resolver of its own, because it reads the host's settings once.
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
    const heard = (family: 4 | 6, error: NodeJS.ErrnoException | null, addresses: string[] | undefined): void => {
      if (open < 0) return;
      // The one that says why nobody answered, not the one that says that there is no such record.
      if (error) failure = failure === undefined || NO_RECORD.has(failure.code ?? '') ? error : failure;
      else found.push(...addresses!.map((address) => ({ address, family })));
      open -= 1;
      if (open === 0) settle();
      else if (found.length > 0) delay = setTimeout(settle, RESOLUTION_DELAY_MS);
    };
    for (const family of families)
      resolver[family === 4 ? 'resolve4' : 'resolve6'](hostname, (error, addresses) => {
        heard(family, error, addresses);
      });
  };
}

const NO_RECORD: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);
const refusal = () => Object.assign(new Error('the name leads into a private network'), { code: PRIVATE_ADDRESS });

/** RFC 6761 §6.3: no name server is asked about those. */
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
