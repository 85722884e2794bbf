import { parseAddress, reachOf, type Address } from '@trunkmesh/routing/address-reach.js';
import type { EslHeaders } from '../esl/esl-frame.js';

/**
 * FreeSWITCH sends its own requests within a dialog (BYE, REFER, re-INVITE) to the first Record-Route, or else to the
 * Contact (RFC 3261 §12.2.1.1). The caller writes both, and FreeSWITCH resolves names and connects by TCP. A caller
 * could name any host and port of the operator's network, and see from a transfer's outcome whether the port is open.
 * True: the next hop is a name, or an address that is neither public nor the INVITE's source.
 */
export function leadsElsewhere(headers: EslHeaders): boolean {
  const hop = nextHop(headers);
  if (hop === '') return false;
  const address = addressIn(hop);
  if (address === undefined) return true;
  if (reachOf(address).reach === 'public') return false;
  const source = parseAddress(withoutBrackets(headers.get('variable_sip_network_ip') ?? ''));
  return address.toString() !== source?.toString();
}

function nextHop(headers: EslHeaders): string {
  const names = ['sip_i_record_route', 'sip_i_contact', 'sip_contact_uri'];
  return names.map((name) => firstOf(headers.get(`variable_${name}`) ?? '')).find((value) => value !== '') ?? '';
}

/** Undefined: not certainly this address. Where the user ends is disputed when there are two of `@`. */
function addressIn(hop: string): Address | undefined {
  const host = HOST.exec(hop)?.[1];
  if (host === undefined || /maddr/i.test(hop) || hop.split('@').length > 2) return undefined;
  return parseAddress(withoutBrackets(host));
}

const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

/**
 * Channel variables that send those requests to the INVITE's source in place of the next hop. Without the second one
 * FreeSWITCH takes a session timer of 90 s for such a call; 1800 s is the profile's.
 */
export const RETURN_TO_SOURCE: readonly string[] = ['sip_sticky_contact=true', 'sofia_session_timeout=1800'];

const ARRAY = 'ARRAY::';
/** Without its display name in quotes, which may hold anything. */
const firstOf = (value: string): string =>
  (value.startsWith(ARRAY) ? (value.slice(ARRAY.length).split('|:')[0] ?? '') : value).replace(
    /"(?:[^"\\]|\\.)*"/g,
    '',
  );

const HOST = /^(?:[^<]*<)?\s*(?:sips?:)?(?:[^@>]*@)?(\[[^\]]{0,64}\]|[^;:>?\s]{1,255})/i;
