import { CALLED_NUMBER_SOURCES, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import { bridgeId } from '@trunkmesh/contracts/scalar.js';
import { callerOf } from '@trunkmesh/routing/caller.js';
import { z } from 'zod';
import { claimedGateway, MAX_INVITE_CHARACTERS, parseInvite, type Invite, type ParsedInvite } from './invite-text.js';
import { headerAddress, parseUri } from './sip-address.js';

const HEADERS = CALLED_NUMBER_SOURCES.filter((name) => name !== 'Request-URI' && name !== 'To');
/** Names the caller; the others name the called number. */
const ASSERTED = 'P-Asserted-Identity';
const PROPER = new Map<string, string>([...HEADERS, ASSERTED].map((name) => [name.toLowerCase(), name]));

const value = z.string().max(2_048);
const lines = z.union([
  z.array(z.tuple([z.string().max(64), value])).max(64),
  z.record(z.string().max(64), z.union([value, z.array(value).max(64)])),
]);

/** An INVITE as text, or as fields; the fields win. A URI is taken wherever a user is. */
export const explainBody = z
  .strictObject({
    invite: z
      .string()
      .max(MAX_INVITE_CHARACTERS)
      .optional()
      .describe('The INVITE as text. Absent: the other fields describe the call.'),
    source_address: z
      .string()
      .max(64)
      .optional()
      .describe("Where the call comes from. Absent: what the INVITE's topmost Via says."),
    trunk_id: z
      .string()
      .max(64)
      .optional()
      .describe('"Suppose it came from this trunk\'s carrier": for a source address that is not known.'),
    bridge_id: bridgeId.optional().describe('The bridge.'),
    pool: z.string().max(64).optional().describe('The bridge pool.'),
    request_uri: value.optional().describe('The Request-URI, or its user part.'),
    to: value.optional().describe('The called number, in E.164 where it could be brought to it.'),
    from: value.optional().describe('The calling number, in E.164 where it could be brought to it.'),
    gateway: z.string().max(128).optional().describe('The gateway that the Request-URI claims (`;gw=`).'),
    headers: lines
      .optional()
      .describe(
        'Those that name the called number, and P-Asserted-Identity, which names the caller and goes before `from`.',
      ),
  })
  .meta({ id: 'ExplainRequest' });
export type ExplainBody = z.output<typeof explainBody>;

export type ReadExplain =
  | {
      ok: true;
      call: Pick<InboundRequest, 'request_uri_user' | 'to_user' | 'from_user' | 'headers' | 'claimed_gateway'>;
      viaAddress: string | null;
    }
  | { ok: false; pointer: string; message: string };

const EMPTY: Invite = {
  request_uri_user: '',
  to_user: '',
  from_user: '',
  asserted: [],
  headers: [],
  claimed_gateway: null,
  via_address: null,
};

export function readExplain(body: ExplainBody): ReadExplain {
  const base = body.invite === undefined ? fromNothing(body) : parseInvite(body.invite);
  if (!base.ok) return { ok: false, pointer: body.invite === undefined ? '' : '/invite', message: base.message };
  const { via_address: viaAddress, asserted: written, ...invite } = base.invite;
  const headers = headerList(body.headers, invite.headers);
  if (!headers.ok) return headers;
  const users = fieldUsers(body);
  if (Object.values(users).some((user) => user.length > 256))
    return { ok: false, pointer: '', message: 'has a user part that is longer than 256 characters' };
  const gateway = body.gateway ?? gatewayOf(body.request_uri) ?? invite.claimed_gateway;
  const call = { ...invite, ...users, headers: headers.list, claimed_gateway: gateway };
  // A caller that is given as a field is not overruled by what the INVITE's text asserts.
  const asserted = headers.asserted.length > 0 || body.from !== undefined ? headers.asserted : written;
  return { ok: true, call: { ...call, from_user: callerOf(asserted, call.from_user) }, viaAddress };
}

const fromNothing = ({ request_uri, to, headers }: ExplainBody): ParsedInvite =>
  request_uri === undefined && to === undefined && headers === undefined
    ? {
        ok: false,
        message: 'must hold an INVITE as text ("invite") or as fields ("request_uri", "to", "from", "headers")',
      }
    : { ok: true, invite: EMPTY };

function fieldUsers(body: ExplainBody): Partial<Pick<Invite, 'request_uri_user' | 'to_user' | 'from_user'>> {
  return {
    ...(body.request_uri === undefined ? {} : { request_uri_user: userOf(body.request_uri) }),
    ...(body.to === undefined ? {} : { to_user: userOf(body.to) }),
    ...(body.from === undefined ? {} : { from_user: userOf(body.from) }),
  };
}

/** `<sip:+15551234567@host>`, `sip:…`, `tel:…`, or just `+15551234567`. */
const userOf = (text: string) => headerAddress(text)?.user ?? text.trim().replace(/^<|>$/g, '').split('@', 1)[0]!;
const gatewayOf = (uri: string | undefined) => {
  const parsed = uri === undefined ? undefined : parseUri(uri.trim().replace(/^<|>$/g, ''));
  return parsed && claimedGateway(parsed);
};

type HeaderList =
  { ok: true; list: Invite['headers']; asserted: string[] } | { ok: false; pointer: string; message: string };

function headerList(given: ExplainBody['headers'], written: Invite['headers']): HeaderList {
  if (given === undefined) return { ok: true, list: written, asserted: [] };
  const pairs = Array.isArray(given)
    ? given
    : Object.entries(given).flatMap(([name, values]) => [values].flat().map((one): [string, string] => [name, one]));
  const strange = pairs.find(([name]) => !PROPER.has(name.toLowerCase()));
  if (strange) {
    const known = [...HEADERS, ASSERTED].join(', ');
    const message = `"${strange[0]}" is none of the headers that name the called number or the caller: ${known}`;
    return { ok: false, pointer: '/headers', message };
  }
  if (pairs.length > 64) return { ok: false, pointer: '/headers', message: 'has more than 64 headers' };
  const proper = pairs.map(([name, text]): [string, string] => [PROPER.get(name.toLowerCase())!, text]);
  const asserted = proper.filter(([name]) => name === ASSERTED).map(([, text]) => text);
  return { ok: true, list: proper.filter(([name]) => name !== ASSERTED), asserted };
}

const PLAIN = new Set(Object.keys(explainBody.shape));

/**
 * The query of a GET as a body: the headers are parameters of their own names, in any case. A `+` that was not written
 * `%2B` arrives as a space, where no number has one: it is put back.
 */
export function bodyOfQuery(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const headers: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(query)) {
    const values = [given]
      .flat()
      .map((one) => (typeof one === 'string' && name !== 'invite' ? one.replace(/(^|[:<]) (?=\d)/g, '$1+') : one));
    if (PROPER.has(name.toLowerCase())) headers[PROPER.get(name.toLowerCase())!] = values;
    else body[name] = PLAIN.has(name) && values.length === 1 ? values[0] : given;
  }
  return Object.keys(headers).length > 0 ? { ...body, headers } : body;
}
