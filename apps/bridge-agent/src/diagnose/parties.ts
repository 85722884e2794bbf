import type { TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import { uriHost, type GatewayAddress } from '../gateway/gateway-address.js';
import type { Header } from './sip-text.js';

/** The URIs of a test, as the trunk's gateway in FreeSWITCH writes them. */
export interface Parties {
  /** Of the carrier, with the trunk's own host name: only the next hop is resolved. */
  registrar: string;
  /** Whose registration it is. */
  addressOfRecord: string;
  /** The user and domain, for texts. */
  user: string;
  domain: string;
}

const transportOf = (transport: TrunkSettings['transport']): string =>
  transport === 'udp' ? '' : `;transport=${transport}`;

export function partiesOf(
  { transport }: Pick<TrunkSettings, 'transport'>,
  gateway: GatewayAddress,
  { fromUser, fromDomain }: { fromUser: string; fromDomain: string },
): Parties {
  const domain = fromDomain === '' ? uriHost({ ...gateway, port: null }) : fromDomain;
  return {
    registrar: `sip:${uriHost(gateway)}${transportOf(transport)}`,
    addressOfRecord: `sip:${fromUser}@${domain}`,
    user: fromUser,
    domain,
  };
}

/** A contact of the test's own: never that of the live registration, which it would replace. */
export const contactUri = (token: string, here: string, transport: TrunkSettings['transport']): string =>
  `sip:trunkmesh-test-${token}@${here}${transportOf(transport)}`;

/** `#` would begin a fragment, and `%` an escape; a plus and a star stay as they are. */
export const calledUri = (dialled: string, gateway: GatewayAddress, transport: TrunkSettings['transport']): string =>
  `sip:${encodeURIComponent(dialled).replaceAll('%2B', '+')}@${uriHost(gateway)}${transportOf(transport)}`;

const PAYLOAD_TYPES = { PCMU: 0, PCMA: 8 } as const;

/** An offer of the trunk's codecs, in their order. `key`: 30 bytes in base64, for SDES-SRTP (RFC 4568). */
export function offerOf(
  { codecs, srtp }: Pick<TrunkSettings, 'codecs' | 'srtp'>,
  { address, port, key }: { address: string; port: number; key: string },
): string {
  const types = codecs.map((codec) => PAYLOAD_TYPES[codec]);
  const network = address.includes(':') ? 'IP6' : 'IP4';
  const isSecure = srtp === 'required';
  return [
    'v=0',
    `o=trunkmesh 1 1 IN ${network} ${address}`,
    's=-',
    `c=IN ${network} ${address}`,
    't=0 0',
    `m=audio ${port} ${isSecure ? 'RTP/SAVP' : 'RTP/AVP'} ${[...types, 101].join(' ')}`,
    ...codecs.map((codec) => `a=rtpmap:${PAYLOAD_TYPES[codec]} ${codec}/8000`),
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    'a=ptime:20',
    ...(isSecure ? [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`] : []),
    'a=sendrecv',
    '',
  ].join('\r\n');
}

/**
 * The codec of an answer that accepts the offered audio (RFC 3264 §6): a port, the offered profile, and one of the
 * codecs. Undefined: it does not.
 */
export function agreedCodec(
  answer: string,
  { codecs, srtp }: Pick<TrunkSettings, 'codecs' | 'srtp'>,
): TrunkSettings['codecs'][number] | undefined {
  const [, port, profile, types] = /^m=audio (\d{1,5})(?:\/\d+)? ([\w/]{1,20}) ([\d ]{1,200})/m.exec(answer) ?? [];
  if (port === undefined || Number(port) === 0) return undefined;
  const isSecure = srtp === 'required';
  if (isSecure && !/^a=crypto:\d/m.test(answer)) return undefined;
  if (profile !== (isSecure ? 'RTP/SAVP' : 'RTP/AVP')) return undefined;
  const offered = types!.split(' ').map((type) => codecs.find((codec) => PAYLOAD_TYPES[codec] === Number(type)));
  return offered.find((codec) => codec !== undefined);
}

/** Where requests within the dialog go: the far side's Contact, through its Record-Routes (RFC 3261 §12.1.2). */
export function dialogOf(
  answer: { header(name: string): string | undefined; headers(name: string): string[] },
  requestUri: string,
): { target: string; routes: string[] } {
  const contact = /<(sips?:[^<>\s]{1,512})>/i.exec(answer.header('contact') ?? '')?.[1];
  const bare = /^(sips?:[^<>\s;,]{1,512})/i.exec(answer.header('contact') ?? '')?.[1];
  const routes = answer
    .headers('record-route')
    .flatMap((line) => [...line.matchAll(/<sips?:[^<>\s]{1,512}>/gi)].map(([route]) => route))
    .slice(0, 10)
    .reverse();
  return { target: contact ?? bare ?? requestUri, routes };
}

export const routesOf = (routes: readonly string[]): Header[] => routes.map((route) => ['Route', route]);
