import ipaddr from 'ipaddr.js';

/**
 * The address in the one spelling that is compared and stored; IPv4 in IPv6 (`::ffff:192.0.2.1`) becomes IPv4.
 * Undefined if it is not an address.
 */
export function canonicalAddress(text: string): string | undefined {
  // ipaddr.js also reads `127.1` and `0x7f000001`; a SIP URI's host in that form is a name to FreeSWITCH.
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && !text.includes(':')) return undefined;
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : undefined;
}
