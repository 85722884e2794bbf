import { CALLED_NUMBER_SOURCES } from '@trunkmesh/contracts/routing.js';
import { headerAddress, parseUri, type SipUri } from './sip-address.js';

/**
 * What a pasted INVITE says that decides a route. Everything in it is hostile; nothing is interpreted beyond its
 * place.
 */
export interface Invite {
  request_uri_user: string;
  to_user: string;
  from_user: string;
  /** The values of P-Asserted-Identity. */
  asserted: string[];
  claimed_gateway: string | null;
  headers: [name: string, value: string][];
  /**
   * What the topmost Via says of where it came from (`received`, else a literal address): only as good as the paste.
   */
  via_address: string | null;
}

export type ParsedInvite = { ok: true; invite: Invite } | { ok: false; message: string };

/** An INVITE over UDP is at most 64 KiB; one pasted from a trace has no more. */
export const MAX_INVITE_CHARACTERS = 65_536;
const MAX_HEADERS = 64;
const MAX_VALUE = 2_048;

/** RFC 3261 §7.3.3: the short forms of what is read here. */
const COMPACT: Record<string, string> = { f: 'from', t: 'to', v: 'via' };
const SOURCES = new Map<string, string>(
  CALLED_NUMBER_SOURCES.filter((name) => name !== 'Request-URI' && name !== 'To').map((name) => [
    name.toLowerCase(),
    name,
  ]),
);
const refuse = (message: string) => ({ ok: false as const, message });

export function parseInvite(text: string): ParsedInvite {
  if (text.length > MAX_INVITE_CHARACTERS) return refuse(`is longer than ${MAX_INVITE_CHARACTERS} characters`);
  const lines = text.split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => /^\s*INVITE\s/.test(line));
  if (start < 0) return refuse('holds no request line such as "INVITE sip:+15551234567@192.0.2.1 SIP/2.0"');
  const requestLine = /^(\s*)INVITE[ \t]+(\S+)[ \t]+SIP\/2\.0[ \t]*$/.exec(lines[start]!);
  if (!requestLine) return refuse(`line ${start + 1}: the request line must be "INVITE <uri> SIP/2.0"`);
  const uri = parseUri(requestLine[2]!);
  if (!uri) return refuse(`line ${start + 1}: the Request-URI is not a sip:, sips: or tel: URI`);
  const fields = headerFields(lines.slice(start + 1), requestLine[1]!, start + 2);
  return fields.ok ? fromFields(uri, fields.list) : fields;
}

interface Field {
  name: string;
  value: string;
  line: number;
}

/**
 * Unfolds continuation lines (RFC 3261 §7.3.1) up to the blank line. A trace's indentation of every line is no
 * folding.
 */
function headerFields(
  lines: readonly string[],
  indent: string,
  firstLine: number,
): { ok: true; list: Field[] } | { ok: false; message: string } {
  const list: Field[] = [];
  for (const [index, raw] of lines.entries()) {
    const line = indent !== '' && raw.startsWith(indent) ? raw.slice(indent.length) : raw;
    if (line.trim() === '') break;
    const last = list[list.length - 1];
    if (/^[ \t]/.test(line) && last) {
      last.value = `${last.value} ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon < 1 || !/^[\w.!%*+`'~-]{1,64}$/.test(name))
      return refuse(`line ${firstLine + index}: is not a header ("Name: value")`);
    list.push({ name: COMPACT[name] ?? name, value: line.slice(colon + 1).trim(), line: firstLine + index });
  }
  return { ok: true, list };
}

function fromFields(uri: SipUri, fields: readonly Field[]): ParsedInvite {
  const to = addressOf(fields, 'to');
  const from = addressOf(fields, 'from');
  if (!to) return refuse('has no To header with an address');
  if (!from) return refuse('has no From header with an address');
  const headers = fields.filter((field) => SOURCES.has(field.name));
  const asserted = fields.filter((field) => field.name === 'p-asserted-identity');
  const long = [...headers, ...asserted].find((field) => field.value.length > MAX_VALUE);
  if (long) return refuse(`line ${long.line}: the header is longer than ${MAX_VALUE} characters`);
  if (Math.max(headers.length, asserted.length) > MAX_HEADERS) {
    return refuse(`has more than ${MAX_HEADERS} headers that may tell the called number, or the caller`);
  }
  if ([uri, to, from].some((each) => each.user.length > 256))
    return refuse('has a user part that is longer than 256 characters');
  return {
    ok: true,
    invite: {
      request_uri_user: uri.user,
      to_user: to.user,
      from_user: from.user,
      asserted: asserted.map(({ value }) => value),
      claimed_gateway: claimedGateway(uri),
      headers: headers.map((field) => [SOURCES.get(field.name)!, field.value]),
      via_address: viaAddress(fields.find((field) => field.name === 'via')?.value),
    },
  };
}

function addressOf(fields: readonly Field[], name: string): SipUri | undefined {
  const field = fields.find((each) => each.name === name);
  return field && headerAddress(field.value);
}

/** FreeSWITCH recognises its own contact by `gw+NAME` in the user or by `;gw=NAME` (FACTS); neither proves anything. */
export function claimedGateway(uri: SipUri): string | null {
  const name = uri.user.startsWith('gw+') ? uri.user.slice(3) : (uri.params.get('gw') ?? '');
  return name !== '' && name.length <= 128 ? name : null;
}

/**
 * `SIP/2.0/UDP 192.0.2.9:5060;branch=…;received=198.51.100.4`: what the receiver saw wins over what the sender wrote
 * (RFC 3261 §18.2.1).
 */
function viaAddress(via: string | undefined): string | null {
  const match = /^SIP\s*\/\s*2\.0\s*\/\s*\w{2,4}\s+(\[[\da-fA-F:.]{2,45}\]|[\w.-]{1,253})/.exec(via ?? '');
  if (!match) return null;
  const received = /;\s*received\s*=\s*\[?([\da-fA-F:.]{2,45})/.exec(firstOf(via!))?.[1];
  const host = received ?? match[1]!.replace(/[[\]]/g, '');
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':') ? host : null;
}

/** Several Vias may share a line; the topmost is the first. */
const firstOf = (via: string) => via.split(',', 1)[0]!;
