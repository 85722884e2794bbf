import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The code of the error that a name which leads into a private network is refused with. */
export const PRIVATE_ADDRESS = 'EPRIVATEADDRESS';

/** Loopback, link-local (and with it the cloud's metadata service), private, multicast and reserved ranges are not public; an IPv4 address in IPv6 clothes counts as what it is. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  return ipaddr.process(address).range() === 'unicast';
}

/** The host of a URL is an address, and not a public one: `lookup` is never asked about those. */
export function isPrivateLiteral(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && !isPublicAddress(host);
}

type LookupAnswer = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** For `net.connect`: only public addresses of the name. What is checked here is what is connected to; a name that changes its address in between gains nothing. */
export function lookupPublic(hostname: string, options: LookupOptions, answer: LookupAnswer): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return answer(error, []);
    const allowed = addresses.filter(({ address }) => isPublicAddress(address));
    const first = allowed[0];
    if (!first) return answer(Object.assign(new Error('the name leads into a private network'), { code: PRIVATE_ADDRESS }), []);
    if (options.all) return answer(null, allowed);
    return answer(null, first.address, first.family);
  });
}
