import { callUrl } from '@trunkmesh/contracts/call-settings.js';
import { readGateway } from '../network/gateway.js';
import type { AddressPolicy } from '../network/address-policy.js';

/**
 * What the contract's own check lets through because URL parsers mend it: they drop line ends, take `\` for `/`, and
 * `http:user@host` for a URL.
 */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]*$/;
const AUTHORITY = /^[a-z]+:\/\/[^/?#]/i;

/**
 * Why calls cannot be connected to or told at this URL; undefined: they can. The bridges open it for the customer from
 * inside the operator's network, so a host that only exists there is refused, in whatever spelling: the URL parser that
 * judges it here is the one that opens it there. Never repeats the URL, whose query may hold a secret.
 */
export function callUrlProblem(text: string, scheme: 'ws' | 'http', policy: AddressPolicy): string | undefined {
  if (!PLAIN.test(text))
    return (
      'must not contain spaces, control characters, backslashes or letters beyond ASCII: percent-encode ' +
      'them, and write a host\'s other letters in its "xn--" form'
    );
  const refused = callUrl(scheme).safeParse(text).error?.issues[0];
  if (refused !== undefined) return refused.message;
  const { hostname, username, password } = new URL(text);
  if (!AUTHORITY.test(text) || username !== '' || password !== '')
    return `must begin with ${scheme}:// or ${scheme}s:// and the host, without a user name or password`;
  return hostProblem(hostname, policy);
}

function hostProblem(host: string, { allowPrivate }: AddressPolicy): string | undefined {
  const reading = readGateway(host);
  if (!reading.ok) return `has a host that ${reading.message}`;
  const { reach, what } = reading.gateway;
  return reach === 'public' || (reach === 'private' && allowPrivate)
    ? undefined
    : `must have a host that everybody can reach, not ${what}`;
}
