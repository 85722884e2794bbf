import type { GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import type { RegistrationCause } from '@trunkmesh/contracts/registration-cause.js';
import { nextHopOf, type TrunkState } from '@trunkmesh/contracts/trunk.js';

export interface HintContext {
  status: Pick<GatewayStatus, 'state' | 'sip_status' | 'sip_phrase' | 'ping'>;
  trunk: Pick<
    TrunkState,
    | 'gateway'
    | 'outbound_proxy'
    | 'username'
    | 'auth_username'
    | 'transport'
    | 'realm'
    | 'from_domain'
    | 'expires_seconds'
    | 'register'
  >;
  /** The assigned bridge address: what the carrier must allow. */
  bridgeAddress: string | null;
}

export interface Hint {
  cause: RegistrationCause;
  message: string;
}

interface Row {
  cause: RegistrationCause;
  when: (context: HintContext) => boolean;
  message: (context: HintContext) => string;
}

const status =
  (...codes: number[]) =>
  ({ status: { sip_status } }: HintContext) =>
    sip_status !== null && codes.includes(sip_status);
const between =
  (low: number, high: number) =>
  ({ status: { sip_status } }: HintContext) =>
    sip_status !== null && sip_status >= low && sip_status <= high;
const phrase =
  (wanted: RegExp) =>
  ({ status: { sip_phrase } }: HintContext) =>
    wanted.test(sip_phrase ?? '');
const both =
  (a: Row['when'], b: Row['when']): Row['when'] =>
  (context) =>
    a(context) && b(context);

const words = ({ status: { sip_status, sip_phrase } }: HintContext) => `${sip_status ?? ''} ${sip_phrase ?? ''}`.trim();
const user = ({ trunk }: HintContext) => trunk.auth_username ?? trunk.username ?? '';
const address = ({ bridgeAddress }: HintContext) => bridgeAddress ?? "the trunk's assigned bridge address";
const target = ({ trunk }: HintContext) =>
  `${withPort(nextHopOf(trunk), trunk.transport)} (${trunk.transport.toUpperCase()})`;

/** What is dialled where the gateway names no port. */
function withPort(gateway: string, transport: TrunkState['transport']): string {
  return /^(\[[^\]]*\]|[^:]+):\d+$/.test(gateway) ? gateway : `${gateway}, port ${transport === 'tls' ? 5061 : 5060}`;
}

const DIGEST_NOT_SUPPORTED = (context: HintContext) =>
  'the carrier asks for a digest that FreeSWITCH does not support (such as SHA-256; it supports MD5): ' +
  `ask the carrier to offer MD5 to the user "${user(context)}"; the registration is tried again at least every ` +
  'two minutes';
const CHALLENGE_UNKNOWN = () =>
  'the carrier asks for credentials in a form that FreeSWITCH does not know (an algorithm or a qop of its own): ' +
  'ask the carrier to offer MD5 digest with qop "auth" or none';

/**
 * The first row that fits is the hint; what FreeSWITCH reports in each case is in FACTS. A new cause is a new row, and
 * a row in the spec's table.
 */
const ROWS: readonly Row[] = [
  // 904 is FreeSWITCH's own: the carrier challenged again after credentials were sent.
  {
    cause: 'wrong-credentials',
    when: status(904),
    message: (c) =>
      'wrong username or password: the carrier challenged again after it was given the credentials of ' +
      `"${user(c)}"; check username, password${c.trunk.realm ? ', realm' : ''} and, where the carrier uses ` +
      'another digest user, auth_username',
  },
  // 900 is FreeSWITCH's own: no answer could be made to the challenge (RFC 8760's SHA-256 alone, or MD5 with SHA-256
  // after it).
  { cause: 'digest-not-supported', when: both(status(900), phrase(/credentials/i)), message: DIGEST_NOT_SUPPORTED },
  { cause: 'challenge-not-answered', when: both(status(401), phrase(/unknown form/)), message: CHALLENGE_UNKNOWN },
  {
    cause: 'challenge-not-answered',
    when: status(401, 407),
    message: (c) =>
      `the carrier asks for credentials that do not fit${c.trunk.realm ? ` the realm "${c.trunk.realm}"` : ''}; ` +
      'check username, password and realm',
  },
  {
    cause: 'host-not-resolved',
    when: both(status(503), phrase(/dns/i)),
    message: (c) =>
      `the host name does not resolve: "${nextHopOf(c.trunk)}"; check its spelling and that it is a public name`,
  },
  {
    cause: 'tls-failed',
    when: both(status(503), ({ trunk }) => trunk.transport === 'tls'),
    message: (c) =>
      `no TLS connection to ${target(c)}: nothing listens there, or the certificates do not fit; check that the ` +
      'carrier offers TLS on this port, or use another transport',
  },
  {
    cause: 'nothing-answers',
    when: status(503),
    message: (c) =>
      `nothing answers at ${target(c)}: check host, port and transport, and that the carrier's firewall lets ` +
      `${address(c)} in`,
  },
  {
    cause: 'timeout',
    when: status(408, 908),
    message: (c) =>
      `no answer came from ${target(c)} in time: usually a firewall that drops the packets, or a wrong port; ` +
      `let ${address(c)} in and check the transport`,
  },
  {
    cause: 'forbidden',
    when: status(403),
    message: (c) =>
      `the carrier refuses this account ("${user(c)}"): wrong credentials at some carriers, a blocked account, ` +
      `or calls are only taken from known addresses; let the carrier allow ${address(c)}`,
  },
  {
    cause: 'unknown-user',
    when: status(404),
    message: (c) =>
      'the carrier does not know the user ' +
      `"${c.trunk.username ?? ''}"${c.trunk.from_domain ? ` at "${c.trunk.from_domain}"` : ''}; check username ` +
      'and from_domain',
  },
  {
    cause: 'register-not-taken',
    when: status(405, 501),
    message: () => 'the carrier takes no registrations: set "register" to false if it knows you by address',
  },
  {
    cause: 'interval-too-brief',
    when: status(423),
    message: (c) => `the carrier wants a longer registration than ${c.trunk.expires_seconds} s: raise expires_seconds`,
  },
  {
    cause: 'transport-not-taken',
    when: status(415, 416, 420, 421, 494),
    message: (c) =>
      `the carrier does not take this kind of request over ${c.trunk.transport.toUpperCase()} (${words(c)}): ` +
      'check transport and srtp',
  },
  {
    cause: 'unavailable',
    when: status(480),
    message: (c) => `the carrier has switched this account off for now (${words(c)})`,
  },
  {
    cause: 'moved',
    when: between(300, 399),
    message: (c) =>
      `the carrier sends registrations elsewhere (${words(c)}): ask it for the right host and set it as gateway`,
  },
  {
    cause: 'request-refused',
    when: between(400, 499),
    message: (c) =>
      `the carrier refused the registration (${words(c)}): ask it why, with the time and the user "${user(c)}"`,
  },
  {
    cause: 'carrier-fault',
    when: between(500, 599),
    message: (c) => `the carrier has a fault of its own (${words(c)}); it is tried again`,
  },
  {
    cause: 'declined',
    when: between(600, 699),
    message: (c) => `the carrier declined the registration (${words(c)}); ask it why`,
  },
  {
    cause: 'ping-down',
    when: ({ status: each }) => each.ping === 'down' || each.state === 'DOWN',
    message: (c) =>
      `${c.trunk.register ? 'OPTIONS pings are not answered' : 'nothing answers OPTIONS pings'} at ` +
      `${target(c)}: the carrier cannot be reached, drops OPTIONS, or does not let ${address(c)} in; set ` +
      'ping_seconds to null if it never answers OPTIONS',
  },
  {
    cause: 'timeout',
    when: ({ status: each }) => each.state === 'TIMEOUT',
    message: (c) =>
      `no answer came from ${target(c)} in time: usually a firewall that drops the packets; let ${address(c)} in`,
  },
  {
    cause: 'failed',
    when: ({ status: each }) => each.state === 'FAILED' || each.state === 'FAIL_WAIT',
    message: (c) => `the registration failed${words(c) ? ` (${words(c)})` : ''}; it is tried again`,
  },
  {
    cause: 'expired',
    when: ({ status: each }) => each.state === 'EXPIRED',
    message: () => 'the registration ran out and is being renewed',
  },
];

/** A SIP status is kept after its cause is gone: what works needs no hint, and a 2xx is none. */
export function registrationHint(context: HintContext): Hint | null {
  const { state, ping, sip_status } = context.status;
  const works = (state === 'REGED' || state === 'NOREG') && ping !== 'down';
  if (works || state === null) return null;
  const settled = state === 'REGED' || state === 'NOREG' || (sip_status !== null && sip_status < 300);
  const judged = settled ? { ...context, status: { ...context.status, sip_status: null, sip_phrase: null } } : context;
  const row = ROWS.find((each) => each.when(judged));
  return row ? { cause: row.cause, message: row.message(judged) } : null;
}
