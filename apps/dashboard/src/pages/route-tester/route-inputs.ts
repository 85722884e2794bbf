import type { components } from '../../generated/api.js';

type Schemas = components['schemas'];

/** What an inbound test asks, as its URL carries it. */
export interface InboundInputs {
  source: string;
  trunk: string;
  to: string;
  uri: string;
  from: string;
  gateway: string;
  /** Header lines, `Name: value` each. */
  headers: string;
}
export interface OutboundInputs {
  from: string;
  to: string;
  shown: string;
  trunk: string;
}

/** Those that name the called number, and the one that names the caller. No other belongs into a URL. */
export const HEADERS: readonly string[] = [
  'Diversion',
  'History-Info',
  'X-Original-Called',
  'X-Original-Number',
  'X-Forwarded-To',
  'X-Original-To',
  'P-Called-Party-ID',
  'P-Asserted-Identity',
];

/** A SIP URI may hold a password, and the URL of a view is shared. */
export const withoutPassword = (text: string): string =>
  text.replaceAll(/(sips?:[^\s:@;<>]*):[^\s@<>]*@/gi, (_whole, user: string) => `${user}@`);

/** @returns name and value of each line, or the first line that is no such header */
export function headerLines(text: string): { list: [string, string][] } | { strange: string } {
  const list: [string, string][] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const colon = line.indexOf(':');
    const name = HEADERS.find((each) => each.toLowerCase() === line.slice(0, colon).trim().toLowerCase());
    if (name === undefined) return { strange: line.slice(0, colon < 0 ? 40 : colon).trim() };
    list.push([name, line.slice(colon + 1).trim()]);
  }
  return { list };
}

const given = (inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== ''));

/** Undefined: nothing is asked yet. */
export function inboundBody(inputs: InboundInputs): Schemas['ExplainRequest'] | undefined {
  const { source, trunk, to, uri, from, gateway } = inputs;
  if (to === '' && uri === '' && inputs.headers === '') return undefined;
  const headers = headerLines(inputs.headers);
  const list = 'list' in headers ? headers.list : [];
  return {
    ...given({ source_address: source, trunk_id: trunk, to, request_uri: uri, from, gateway }),
    ...(list.length === 0 ? {} : { headers: list }),
  };
}

export function outboundBody({
  from,
  to,
  shown,
  trunk,
}: OutboundInputs): Schemas['OutboundExplainRequest'] | undefined {
  if (from === '' || to === '') return undefined;
  return {
    direction: 'outbound',
    from_phone_number: from,
    to_phone_number: to,
    ...given({ caller_id: shown, sip_trunk_id: trunk }),
  };
}

/** Stands for "from nowhere" where only the trunk is known. */
export const NOWHERE = '192.0.2.255';

/** The fields that the service has read from a pasted INVITE. */
export function inputsOf(call: Schemas['ExplainedCall'], trunk: string): InboundInputs {
  const source = call.source_address ?? '';
  return {
    source: source === NOWHERE ? '' : source,
    trunk,
    to: withoutPassword(call.to_user ?? ''),
    uri: withoutPassword(call.request_uri_user ?? ''),
    from: withoutPassword(call.from_user ?? ''),
    gateway: call.claimed_gateway ?? '',
    headers: withoutPassword((call.headers ?? []).map(([name, value]) => `${name}: ${value}`).join('\n')),
  };
}
