import { isWithheld } from './caller.js';

/** One SIP message of a dialog. `isReceived`: the other side sent it. */
export interface DialogMessage {
  isReceived: boolean;
  text: string;
}

const HIDDEN = '***';
const HEADER = /^([^\s:]{1,64})[ \t]*:[ \t]*(.*)$/;
/** Who calls, also in the compact forms (RFC 3261 §7.3.3). */
const IDENTITY = /^(?:p-asserted-identity|p-preferred-identity|remote-party-id|from|f|contact|m|reply-to)$/i;
/** Nothing of these is for the called party (RFC 3325 §7); From and Contact keep what the dialog needs. */
const ASSERTED = /^(?:p-asserted-identity|p-preferred-identity|remote-party-id|reply-to)$/i;
const URI_USER = /\b(?:sips?|tel):([^@;>\s:,"]{4,128})/gi;
const DISPLAY_NAME = /^\s*"?([^"<>;:]{4,128}?)"?\s*</;
/** Names that stand for nobody. */
const NOBODY = /^(?:anonymous|unavailable|restricted|unknown|withheld|private)$/i;
/** The end of a number that is the same however the beginning is written: +49…, 0049…, 0…. */
const TAIL_DIGITS = 9;
const MOST_VALUES = 32;

/**
 * The texts of one dialog without the identity of a caller who withholds it (RFC 3323, RFC 3325): the platform is the
 * end of the trust domain, and whoever reads these messages is outside. The texts as they are where nobody asked for
 * privacy. The identity is removed wherever it stands, because requests towards the caller name it in To and in the
 * Request-URI.
 */
export function withoutWithheldCaller(messages: readonly DialogMessage[]): string[] {
  const asking = messages.filter(({ isReceived, text }) => isReceived && isWithheld(valuesOf(text, /^privacy$/i)));
  if (asking.length === 0) return messages.map(({ text }) => text);
  const values = new Set(asking.flatMap(({ text }) => identitiesIn(text)));
  const patterns = [...values].slice(0, MOST_VALUES).map(patternOf);
  return messages.map(({ text }) => patterns.reduce((left, each) => left.replace(each, HIDDEN), withoutAsserted(text)));
}

const headOf = (text: string): string[] => text.split(/\r?\n\r?\n/, 1)[0]!.split(/\r?\n/);

function valuesOf(text: string, name: RegExp): string[] {
  return headOf(text).flatMap((line) => {
    const header = HEADER.exec(line);
    return header !== null && name.test(header[1]!) ? [header[2]!] : [];
  });
}

const identitiesIn = (text: string): string[] =>
  valuesOf(text, IDENTITY)
    .flatMap((value) => [
      ...[...value.matchAll(URI_USER)].map(([, user]) => user!),
      DISPLAY_NAME.exec(value)?.[1] ?? '',
    ])
    .filter((each) => each.length >= 4 && !NOBODY.test(each));

function patternOf(value: string): RegExp {
  const digits = value.replace(/[().-]/g, '').replace(/^\+/, '');
  if (/^\d+$/.test(digits) && digits.length >= TAIL_DIGITS)
    return new RegExp(`(?<!\\d)\\+?\\d{0,6}${digits.slice(-TAIL_DIGITS)}(?!\\d)`, 'g');
  return new RegExp(`(?<!\\w)${value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?!\\w)`, 'g');
}

/** The asserted identities are removed whole: their hosts and parameters may name the caller too. */
function withoutAsserted(text: string): string {
  const head = headOf(text);
  const end = head.join('\r\n').length;
  const lines = head.map((line) => {
    const name = HEADER.exec(line)?.[1];
    return name !== undefined && ASSERTED.test(name) ? `${name}: ${HIDDEN}` : line;
  });
  return lines.join('\r\n') + text.slice(end);
}
