import { fillTemplate, type TemplateVariable } from '@trunkmesh/contracts/call-template.js';
import { OUTBOUND_DEFAULTS, type CallerIdentity } from '@trunkmesh/contracts/outbound-settings.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { carrierSpelling } from './number-format.js';
import { nationalSpelling } from './number-plan.js';

export type IdentityTrunk = Pick<
  TrunkState,
  'id' | 'organization_id' | 'gateway' | 'username' | 'from_domain' | 'default_country' | 'number_rules' | 'headers'
> & { identity?: CallerIdentity };

/** Numbers in E.164 with the plus; `dialled` in the carrier's spelling. */
export interface IdentityCall {
  call_sid: string;
  from: string;
  to: string;
  dialled: string;
  caller_id: string;
}

/** Who calls, for one attempt. No value holds a control character, a line break or a brace. */
export interface OutboundIdentity {
  /** From's display name; empty: none. */
  caller_id_name: string;
  /** The number that is shown, in the carrier's spelling. */
  caller_id_number: string;
  /** From's user, percent-encoded as a SIP URI needs it. */
  from_user: string;
  /** From's domain; null: that of the gateway's file. */
  from_domain: string | null;
  headers: [name: string, value: string][];
}

/** Built here, beside the `X-` and `P-` headers of the trunk. */
type OwnHeader = 'P-Asserted-Identity' | 'Remote-Party-ID' | 'Diversion' | 'Privacy';
const CUSTOM_NAME = /^[XP]-[A-Za-z\d-]{1,60}$/;
const UNSENDABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}{}]/u;
const ANONYMOUS = { name: 'Anonymous', user: 'anonymous', domain: 'anonymous.invalid' } as const;

/**
 * Who calls, as the trunk's carrier wants to read it: for every attempt anew, as trunks differ. A header of the trunk
 * replaces the one of the same name that is made here; one that cannot be sent, which only trunks of earlier versions
 * have, is left out.
 */
export function identityHeaders(trunk: IdentityTrunk, call: IdentityCall): OutboundIdentity {
  const identity = trunk.identity ?? OUTBOUND_DEFAULTS.identity;
  const number = clean(shownNumber(trunk, identity, call.caller_id));
  const values = valuesOf(trunk, call, number);
  const fill = (text: string | null): string => (text === null ? '' : clean(fillTemplate(text, values) ?? ''));
  const hidden = identity.privacy === 'anonymous';
  const user = fill(identity.from_user);
  const name = fill(identity.display_name);
  return {
    caller_id_name: hidden ? ANONYMOUS.name : name,
    caller_id_number: number,
    from_user: hidden ? ANONYMOUS.user : uriUser(user === '' ? number : user),
    from_domain: hidden ? ANONYMOUS.domain : null,
    headers: headersOf(trunk, { identity, number, name, diversion: fill(identity.diversion), fill }),
  };
}

function shownNumber(trunk: IdentityTrunk, { number_format }: CallerIdentity, e164: string): string {
  switch (number_format) {
    case 'e164':
      return e164;
    case 'e164-without-plus':
      return e164.replace(/^\+/, '');
    case 'national':
      return trunk.default_country === null ? e164 : (nationalSpelling(e164, trunk.default_country) ?? e164);
    case 'number-rules':
      return carrierSpelling(e164, trunk.number_rules);
  }
}

const valuesOf = (
  trunk: IdentityTrunk,
  call: IdentityCall,
  number: string,
): Readonly<Record<TemplateVariable, string>> => ({
  call_sid: call.call_sid,
  from: call.from,
  to: call.to,
  dialled: call.dialled,
  caller_id: number,
  organization_id: trunk.organization_id,
  trunk_id: trunk.id,
  username: userOf(trunk.username ?? ''),
  gateway: hostOf(trunk.gateway),
});

/** `user@domain` as a username is an address of record, whose user alone is a SIP user. */
const userOf = (username: string): string => /^(.+)@[A-Za-z\d.-]+$/.exec(username)?.[1] ?? username;

/** As a SIP URI writes it: an IPv6 address in its brackets, no port. */
const hostOf = (gateway: string): string => {
  if (gateway.startsWith('[')) return gateway.replace(/\]:\d+$/, ']');
  return gateway.split(':').length > 2 ? `[${gateway}]` : gateway.replace(/:\d+$/, '');
};

interface Wanted {
  identity: CallerIdentity;
  number: string;
  name: string;
  diversion: string;
  fill: (text: string | null) => string;
}

function headersOf(trunk: IdentityTrunk, wanted: Wanted): [string, string][] {
  const own = ownHeaders(trunk, wanted);
  const custom = Object.entries(trunk.headers)
    .filter(([header]) => CUSTOM_NAME.test(header))
    .map(([header, text]): [string, string] => [header, wanted.fill(text)]);
  const headers = new Map<string, [string, string]>();
  for (const [header, value] of [...own, ...custom])
    if (value !== '' && !UNSENDABLE.test(value)) headers.set(header.toLowerCase(), [header, value]);
  return [...headers.values()];
}

/** Those that are wanted; an empty one is not. */
function ownHeaders(
  trunk: IdentityTrunk,
  { identity, number, name, diversion }: Wanted,
): [name: OwnHeader, value: string][] {
  const { privacy, p_asserted_identity, remote_party_id } = identity;
  const withheld = privacy !== 'none';
  const uriOf = (user: string): string => `<sip:${uriUser(user)}@${trunk.from_domain ?? hostOf(trunk.gateway)}>`;
  const shown = name === '' ? uriOf(number) : `"${name.replace(/["\\]/g, '')}" ${uriOf(number)}`;
  const party = `${shown};party=calling;screen=yes;privacy=${withheld ? 'full' : 'off'}`;
  return [
    ['P-Asserted-Identity', p_asserted_identity || privacy === 'anonymous' ? shown : ''],
    ['Remote-Party-ID', remote_party_id ? party : ''],
    ['Diversion', diversion === '' ? '' : `${uriOf(diversion)};reason=unconditional`],
    ['Privacy', withheld ? 'id' : ''],
  ];
}

/** FreeSWITCH would take `${` for a variable and a leading `^^` for another separator of its variables. */
const clean = (text: string): string => {
  const kept = text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim();
  return /^\^\^|\$\\*\{|[{}]/.test(kept) ? '' : kept;
};

/** RFC 3261 §25.1 allows more unescaped, and SIP stacks take some of it for parameters. */
const uriUser = (user: string): string => encodeURIComponent(user).replaceAll('%2B', '+');
