import { gatewayName, nextHopOf, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { hopUri, parseGatewayAddress, uriHost, type GatewayAddress, type Hop } from './gateway-address.js';
import { textsOf } from './gateway-texts.js';
import { hasControlCharacter, xmlValue } from './xml-value.js';

/** Why a trunk cannot become a gateway. The message goes to the organisation's admin: it says what to change. */
export interface RenderProblem {
  code:
    | 'gateway-unusable'
    | 'username-missing'
    | 'password-missing'
    | 'credentials-unusable'
    | 'credentials-too-long'
    | 'settings-unusable';
  message: string;
}

export type Rendered = { ok: true; name: string; xml: string } | { ok: false; problem: RenderProblem };

/**
 * FreeSWITCH waits this long after a failure, times the number of failures in a row, without a ceiling (FACTS);
 * `reconcile` puts one.
 */
export const RETRY_SECONDS = 20;

/**
 * FreeSWITCH hands `Digest:"realm":user:password` to its SIP stack in 256 bytes and cuts what is longer without a word.
 * The realm is the carrier's and only known when it challenges, so a usual one is assumed where the trunk names none.
 */
const CREDENTIALS_BYTES = 255;
const USUAL_REALM_BYTES = 64;

export interface Credentials {
  /** The user part of the address of record, as a SIP URI writes it. */
  fromUser: string;
  fromDomain: string;
  authUsername: string;
  password: string;
}

const problem = (code: RenderProblem['code'], message: string): { ok: false; problem: RenderProblem } => ({
  ok: false,
  problem: { code, message },
});

/**
 * The gateway's file: one trunk, wrapper tags alone on their lines (FreeSWITCH strips them only there). `password` in
 * plain text, null where the trunk has none. `hop`: where its requests are sent to; undefined where the gateway or the
 * outbound proxy is a literal address.
 */
export function renderGateway(trunk: TrunkState, password: string | null, hop?: Hop): Rendered {
  const gateway = parseGatewayAddress(trunk.gateway);
  if (gateway === undefined)
    return problem('gateway-unusable', 'The gateway must be a host name or an address, with a port if needed.');
  const nextHop = parseGatewayAddress(nextHopOf(trunk));
  if (nextHop === undefined)
    return problem('gateway-unusable', 'The outbound proxy must be a host name or an address, with a port if needed.');
  const hostile = textsOf(trunk).find(([, value]) => hasControlCharacter(value));
  if (hostile !== undefined) return problem('settings-unusable', `The field ${hostile[0]} holds a control character.`);
  const expression = Object.entries(trunk.headers).find(([, value]) => /\$\\*\{/.test(value));
  if (expression !== undefined)
    return problem(
      'settings-unusable',
      `The header ${expression[0]} holds "\${", and FreeSWITCH sends no header that does.`,
    );
  const credentials = credentialsOf(trunk, password, gateway);
  if ('ok' in credentials) return credentials;

  const name = gatewayName(trunk);
  const params = [
    ...addressParams(trunk, gateway, { host: nextHop, target: hop ?? literalProxy(trunk, nextHop) }),
    ...credentialParams(trunk, credentials),
    ...timingParams(trunk),
  ];
  const lines = [
    '<include>',
    `  <gateway name="${name}">`,
    ...params.map(([param, value]) => `    <param name="${param}" value="${xmlValue(value)}"/>`),
    '    <variables>',
    ...variablesOf(trunk).map(
      ([variable, value, direction]) =>
        `      <variable name="${variable}" ` +
        `value="${xmlValue(value)}"${direction === undefined ? '' : ` direction="${direction}"`}/>`,
    ),
    '    </variables>',
    '  </gateway>',
    '</include>',
    '',
  ];
  return { ok: true, name, xml: lines.join('\n') };
}

/** The settings that say as whom a trunk registers and authenticates. */
type CredentialSettings = Pick<TrunkState, 'register' | 'username' | 'auth_username' | 'from_domain' | 'realm'>;

export function credentialsOf(
  trunk: CredentialSettings,
  password: string | null,
  gateway: GatewayAddress,
): Credentials | { ok: false; problem: RenderProblem } {
  const username = trunk.username ?? '';
  const missing = trunk.register ? missingCredential(username, password) : undefined;
  if (missing !== undefined) return missing;
  const { user, domain } = addressOfRecord(username);
  const fromDomain = trunk.from_domain ?? domain ?? homeDomain(trunk, gateway);
  const credentials = {
    fromUser: uriUser(user),
    fromDomain,
    authUsername: trunk.auth_username ?? username,
    password: password ?? '',
  };
  return credentialsProblem(credentials, trunk.realm) ?? credentials;
}

/** FreeSWITCH skips a registering gateway without them, with a log line only. */
function missingCredential(
  username: string,
  password: string | null,
): { ok: false; problem: RenderProblem } | undefined {
  if (username === '') return problem('username-missing', 'A trunk that registers needs a username.');
  if (!password) return problem('password-missing', 'A trunk that registers needs a password.');
  return undefined;
}

/**
 * A registration's address of record lives in the carrier's domain; calls of a trunk by address come from our own
 * address.
 */
function homeDomain(trunk: CredentialSettings, gateway: GatewayAddress): string {
  if (!trunk.register) return '';
  return gateway.host.includes(':') ? `[${gateway.host}]` : gateway.host;
}

/** `user@domain` as a username is an address of record: FreeSWITCH would write `sip:user@domain@gateway`. */
function addressOfRecord(username: string): { user: string; domain?: string } {
  const at = username.lastIndexOf('@');
  const domain = username.slice(at + 1);
  return at > 0 && /^[A-Za-z\d.-]+$/.test(domain) ? { user: username.slice(0, at), domain } : { user: username };
}

/**
 * For the user part of a URI, into which FreeSWITCH copies it as it is. RFC 3261 §25.1 would allow `;` and others
 * unescaped there, but its SIP stack takes them for parameters.
 */
function uriUser(user: string): string {
  return encodeURIComponent(user).replaceAll('%2B', '+');
}

/**
 * What would not reach the carrier as it is: a colon ends the user and the password in the SIP stack's own format, a
 * quote ends the username in its header (both tried).
 */
function credentialsProblem(
  { authUsername, password }: Credentials,
  realm: string | null,
): { ok: false; problem: RenderProblem } | undefined {
  if (hasControlCharacter(password)) return problem('credentials-unusable', 'The password holds a control character.');
  if (/[:"]/.test(authUsername))
    return problem('credentials-unusable', 'FreeSWITCH cannot use a username that holds a colon or a double quote.');
  if (password.includes(':'))
    return problem(
      'credentials-unusable',
      'FreeSWITCH cannot use a password that holds a colon: it would send only the part before it.',
    );
  const bytes =
    utf8Length(`Digest:"":${authUsername}:${password}`) + (realm === null ? USUAL_REALM_BYTES : utf8Length(realm));
  if (bytes > CREDENTIALS_BYTES)
    return problem(
      'credentials-too-long',
      'Username and password together are longer than FreeSWITCH can use (about 180 characters).',
    );
  return undefined;
}

const utf8Length = (text: string) => new TextEncoder().encode(text).length;

type Param = readonly [name: string, value: string];

/** `target` undefined: requests go to the gateway itself, a literal address. */
type NextHop = { host: GatewayAddress; target: Hop | undefined };

const literalProxy = ({ outbound_proxy }: TrunkState, { address, port }: GatewayAddress): Hop | undefined =>
  outbound_proxy == null || address === null ? undefined : { address, port };

/** What is FreeSWITCH's default is not written: with 5,000 gateways a third of every reload is reading parameters. */
function addressParams(trunk: TrunkState, gateway: GatewayAddress, { host, target }: NextHop): Param[] {
  const sentTo = target?.address ?? gateway.host;
  const isIpv6 = sentTo.includes(':');
  const all: (Param | false)[] = [
    ['proxy', uriHost(gateway)],
    // For REGISTER and OPTIONS, and for calls: the name was looked up and checked here, and must not lead elsewhere in
    // FreeSWITCH's own look-up. Their Request-URI stays the name, and no Route header is added (tried).
    target !== undefined && ['register-proxy', hopUri(target, host, trunk.transport)],
    target !== undefined && ['outbound-proxy', hopUri(target, host, trunk.transport)],
    !trunk.register && ['register', 'false'],
    trunk.transport !== 'udp' && ['register-transport', trunk.transport],
    ['context', 'public'],
    // The default, the username, would take the place of the number that was called.
    ['extension', 'auto_to_user'],
    // The number that calls is what the called party must see; with P-Asserted-Identity below for carriers that take it
    // from there.
    ['caller-id-in-from', 'true'],
    // FreeSWITCH answers a challenge only if it comes from the gateway's own address. It compares the two as text,
    // `[2001:db8::1]` with `2001:db8::1`: without this list such a gateway stays in TRYING (tried). The list has this
    // one address. With a list that others are in, each of them could challenge a request of a call of his own with
    // this gateway's realm, and would get this gateway's digest (tried).
    isIpv6 && ['gw-auth-acl', `${sentTo}/128`],
    // FreeSWITCH would look the gateway's name up at each challenge, in the thread that serves all trunks: a name
    // server that does not answer would hold up everybody's calls.
    !isIpv6 && target !== undefined && ['gw-auth-acl', `${sentTo}/32`],
  ];
  return all.filter((param) => param !== false);
}

function credentialParams(trunk: TrunkState, { fromUser, fromDomain, authUsername, password }: Credentials): Param[] {
  const all: Param[] = [
    // From's user is the username unless it is said otherwise, and so is the digest's.
    ['username', fromUser],
    ['from-domain', fromDomain],
    ['auth-username', authUsername === fromUser ? '' : authUsername],
    ['password', password],
    ['realm', trunk.realm ?? ''],
  ];
  return all.filter(([, value]) => value !== '');
}

function timingParams(trunk: TrunkState): Param[] {
  const ping: Param[] = trunk.ping_seconds === null ? [] : [['ping', String(trunk.ping_seconds)]];
  return [['expire-seconds', String(trunk.expires_seconds)], ['retry-seconds', String(RETRY_SECONDS)], ...ping];
}

const SRTP = { off: null, optional: 'optional', required: 'mandatory' } as const;

/** Variables of every call of this gateway. A gateway has no parameter for codecs, SRTP or headers. */
function variablesOf(
  trunk: TrunkState,
): (readonly [name: string, value: string, direction?: 'inbound' | 'outbound'])[] {
  const secure = SRTP[trunk.srtp];
  return [
    ['absolute_codec_string', trunk.codecs.join(',')],
    ['sip_cid_type', 'pid', 'outbound'],
    ...(secure === null ? [] : [['rtp_secure_media', secure] as const]),
    // Templates are filled in for each call, and the call's variables override those of the gateway.
    ...Object.entries(trunk.headers)
      .filter(([, value]) => !value.includes('{{'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([header, value]) => [`sip_h_${header}`, value, 'outbound'] as const),
  ];
}
