/**
 * What a header element or a URI's user part dials. `context`: the `phone-context` of RFC 3966 §5.1.5, as written.
 * `index`: History-Info's (RFC 7044 §5.1).
 */
export interface Dialled {
  text: string;
  context?: string;
  index?: readonly number[];
}

const [COMMA, SEMICOLON] = [44, 59] as const;

/**
 * Splits a header value at the commas that stand outside quoted strings and angle brackets (RFC 3261 §7.3.1). Linear,
 * whatever the input; a quote or bracket that never closes keeps the rest together, and that element is then
 * unparsable.
 */
export const splitList = (value: string): string[] => splitAt(value, COMMA);

function splitAt(value: string, separator: number): string[] {
  const elements: string[] = [];
  let start = 0;
  let at = 0;
  while (at < value.length) {
    const code = value.charCodeAt(at);
    if (code === separator) {
      push(elements, value, start, at);
      start = at + 1;
    }
    at = code === 34 ? afterQuoted(value, at) : code === 60 ? afterBracket(value, at) : at + 1;
  }
  push(elements, value, start, value.length);
  return elements;
}

function push(elements: string[], value: string, start: number, end: number): void {
  const element = value.slice(start, end).trim();
  if (element !== '') elements.push(element);
}

/** Past the quoted string that opens at `at`; a backslash takes the character behind it along. */
function afterQuoted(value: string, at: number): number {
  for (let next = at + 1; next < value.length; next++) {
    const code = value.charCodeAt(next);
    if (code === 92) next++;
    else if (code === 34) return next + 1;
  }
  return value.length;
}

function afterBracket(value: string, at: number): number {
  const end = value.indexOf('>', at);
  return end < 0 ? value.length : end + 1;
}

/** One element: name-addr, addr-spec, `user@host`, or a bare number. `undefined` where it is none of them. */
export function parseElement(element: string): Dialled | undefined {
  const open = openingBracket(element);
  if (open === undefined) return undefined;
  // Without brackets the parameters are the header's (RFC 3261 §20.10), but a phone-context there can only have been
  // meant for the number.
  if (open < 0) return withIndex(parseUri(element), element);
  const close = element.indexOf('>', open);
  return close < 0 ? undefined : withIndex(parseUri(element.slice(open + 1, close).trim()), element.slice(close + 1));
}

function withIndex(dialled: Dialled | undefined, parameters: string): Dialled | undefined {
  const index = dialled && parameter(parameters, 'index');
  if (dialled && index !== undefined) dialled.index = parseIndex(index);
  return dialled;
}

/**
 * Where the name-addr's bracket opens; -1 without one; `undefined` where a quoted string is not closed or nothing but
 * one.
 */
function openingBracket(element: string): number | undefined {
  if (element.charCodeAt(0) !== 34) return element.indexOf('<');
  const end = afterQuoted(element, 0);
  const open = element.indexOf('<', end);
  return open < 0 || element.charCodeAt(end - 1) !== 34 ? undefined : open;
}

const SCHEME = /^([A-Za-z][A-Za-z\d+.-]*):/;

function parseUri(text: string): Dialled | undefined {
  const scheme = SCHEME.exec(text);
  if (scheme === null) return parseBare(text);
  const rest = text.slice(scheme[0].length);
  switch (scheme[1]!.toLowerCase()) {
    case 'sip':
    case 'sips':
      return parseSip(rest);
    case 'tel':
      return parseUser(rest);
    default:
      return undefined;
  }
}

/**
 * What FreeSWITCH and PBXs write without a scheme: `+15551234567`, `+15551234567@host`, either with parameters behind.
 */
function parseBare(text: string): Dialled | undefined {
  const at = text.indexOf('@');
  const user = parseUser(at < 0 ? text : text.slice(0, at));
  return user.text === '' ? undefined : user;
}

/** A SIP URI without a user names a host only; some write the number in the host's place. */
function parseSip(rest: string): Dialled | undefined {
  const at = rest.indexOf('@');
  const user = at < 0 ? (/^\+?\d+(?=$|[;?:])/.exec(rest)?.[0] ?? '') : withoutPassword(rest.slice(0, at));
  if (user === '') return undefined;
  const dialled = parseUser(user);
  return dialled.text === '' ? undefined : dialled;
}

function withoutPassword(userinfo: string): string {
  const colon = userinfo.indexOf(':');
  return colon < 0 ? userinfo : userinfo.slice(0, colon);
}

/**
 * A user part: the number, then the parameters of a telephone-subscriber (`;phone-context=…`, `;npdi;rn=…`),
 * percent-escapes undone once.
 */
export function parseUser(user: string): Dialled {
  const semicolon = user.indexOf(';');
  if (semicolon < 0) return { text: unescape(user).trim() };
  const text = unescape(user.slice(0, semicolon)).trim();
  const context = parameter(user.slice(semicolon), 'phone-context');
  return context === undefined ? { text } : { text, context: unescape(context) };
}

function unescape(text: string): string {
  return text.includes('%')
    ? text.replace(/%([\dA-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}

/**
 * The value of `;name=value` among a text's parameters. What a quoted value holds is none of them, unless that leaves
 * none: FreeSWITCH hands `%22` and `%3E` on undone, so a URI's headers (`?Reason=…text%3D%22a%3Eb%22`) may end its
 * bracket within a quoted string.
 */
function parameter(text: string, name: string): string | undefined {
  return valueAmong(splitAt(text, SEMICOLON), name) ?? valueAmong(text.split(';'), name);
}

function valueAmong(parts: readonly string[], name: string): string | undefined {
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim().toLowerCase() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/** Deeper than any call is forwarded. */
const MAX_INDEX_DEPTH = 32;

/** `1.2.10` → [1, 2, 10]; `undefined` where it is not written so. */
function parseIndex(text: string): readonly number[] | undefined {
  if (!/^\d{1,9}(?:\.\d{1,9})*$/.test(text)) return undefined;
  return text.split('.', MAX_INDEX_DEPTH).map(Number);
}

/**
 * The order in which a request went through its targets (RFC 7044 §10.3): `1` before `1.1`, `1.2` before `1.10`;
 * without an index last.
 */
export function compareIndex(a: readonly number[] | undefined, b: readonly number[] | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return a.length - b.length;
}
