import type { CapturedInvite } from '@trunkmesh/contracts/call-parts.js';
import { isCredentialName, withoutCredentials } from '@trunkmesh/contracts/credential.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import { offeredNames } from './sdp-offer.js';

/** Together these limits bound what a hostile INVITE can put into an event to some ten kilobytes. */
const MAX_LINES = 64;
const MAX_VALUE_LENGTH = 1_024;
const MAX_TOTAL_LENGTH = 8_192;

const ARRAY = 'ARRAY::';

/**
 * What of the INVITE a person may look at after the call (mission, "Inbound routing"). `headers`: those of
 * CHANNEL_DATA, decoded: with `parse-all-invite-headers` every line is in
 * `sip_i_…` (FACTS, "Inbound calls"), without it only `sip_h_…`. FreeSWITCH gives names in lower case with underscores.
 */
export function captureInvite(headers: EslHeaders): CapturedInvite {
  const variable = (name: string) => headers.get(`variable_${name}`) ?? '';
  const user = (name: string) => variable(name).slice(0, 256);
  const uri = variable('sip_req_uri');
  const captured: CapturedInvite = {
    ...(uri === '' ? {} : { request_uri: withoutCredentials(`sip:${uri}`).slice(0, 512) }),
    request_uri_user: user('sip_req_user'),
    to_user: user('sip_to_user'),
    from_user: user('sip_from_user'),
    headers: [],
    offer: offeredNames(variable('switch_r_sdp')),
    truncated: false,
  };
  const all = linesWith(headers, 'variable_sip_i_');
  let size = 0;
  for (const [name, value] of all.length > 0 ? all : linesWith(headers, 'variable_sip_h_')) {
    const kept = value.slice(0, MAX_VALUE_LENGTH);
    size += name.length + kept.length;
    if (captured.headers.length === MAX_LINES || size > MAX_TOTAL_LENGTH) {
      captured.truncated = true;
      break;
    }
    if (kept.length < value.length) captured.truncated = true;
    captured.headers.push([name, kept]);
  }
  return captured;
}

function linesWith(headers: EslHeaders, prefix: string): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (const [variable, value] of headers) {
    if (!variable.startsWith(prefix)) continue;
    const name = variable
      .slice(prefix.length, prefix.length + 64)
      .toLowerCase()
      .replaceAll('_', '-');
    if (name === 'authorization' || name === 'proxy-authorization') continue;
    // Other headers whose names indicate credentials are treated as their sender's secrets.
    for (const line of value.startsWith(ARRAY) ? value.slice(ARRAY.length).split('|:') : [value])
      lines.push([name, isCredentialName(name) ? '(not kept)' : withoutCredentials(line)]);
  }
  return lines;
}
