/** A `sip:`, `sips:` or `tel:` URI as far as a route needs it. `user` is as written, without a password. */
export interface SipUri {
  user: string;
  host: string;
  params: Map<string, string>;
}

const MAX_URI = 2_048;

/**
 * RFC 3261 §19.1.1. The user ends at the LAST `@`: a user may hold `;` and `?`, and hostile ones hold more; the host
 * cannot hold `@`.
 */
export function parseUri(text: string): SipUri | undefined {
  if (text.length > MAX_URI) return undefined;
  const scheme = /^(sips?|tel):/i.exec(text);
  if (!scheme) return undefined;
  const rest = text.slice(scheme[0].length);
  if (scheme[1]!.toLowerCase() === 'tel') {
    const [user = '', ...params] = rest.split(';');
    return user === '' ? undefined : { user, host: '', params: parameters(params) };
  }
  const at = rest.lastIndexOf('@');
  const [hostPort = '', ...params] = (at < 0 ? rest : rest.slice(at + 1)).split('?', 1)[0]!.split(';');
  if (hostPort === '') return undefined;
  return { user: at < 0 ? '' : rest.slice(0, at).split(':', 1)[0]!, host: hostPort, params: parameters(params) };
}

function parameters(list: readonly string[]): Map<string, string> {
  const params = new Map<string, string>();
  for (const each of list) {
    const equals = each.indexOf('=');
    const name = (equals < 0 ? each : each.slice(0, equals)).trim().toLowerCase();
    if (!params.has(name)) params.set(name, equals < 0 ? '' : each.slice(equals + 1).trim());
  }
  return params;
}

/**
 * The URI of a `From` or `To` value: `"A, <b>" <sip:user@host>;tag=x`, or a bare URI, whose `;` parameters then belong
 * to the header (RFC 3261 §20.10).
 */
export function headerAddress(value: string): SipUri | undefined {
  const open = angleBracket(value);
  if (open < 0) return parseUri(value.trim().split(/[;\s]/, 1)[0]!);
  const close = value.indexOf('>', open);
  return close < 0 ? undefined : parseUri(value.slice(open + 1, close).trim());
}

/** The `<` that opens the URI: one within the quoted display name is text, and `\"` does not end that. */
function angleBracket(value: string): number {
  let quoted = false;
  for (let index = 0; index < value.length; index++) {
    const character = value[index];
    if (quoted && character === '\\') index++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '<') return index;
  }
  return -1;
}
