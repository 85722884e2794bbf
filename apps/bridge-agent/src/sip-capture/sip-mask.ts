import { isCredentialName } from '@trunkmesh/contracts/credential.js';

const CUT = '***';
/** A message that is longer is cut off: the bound of what a hostile message costs. */
export const MAX_TEXT = 8_192;
const MAX_LINE = 2_048;
const MAX_LINES = 256;

/**
 * A SIP message without what could be used by whoever reads it: credentials and nonces, passwords and tokens in URIs,
 * media keys, digits. A body of an unknown type is left out, because nobody knows what it holds. Folded lines are
 * joined. Never throws.
 */
export function maskSip(text: string): { text: string; truncated: boolean } {
  const lines = text.slice(0, MAX_TEXT).split(/\r\n|\n|\r/, MAX_LINES);
  const end = lines.indexOf('');
  const head = unfolded(end === -1 ? lines : lines.slice(0, end));
  const body = end === -1 ? [] : lines.slice(end + 1);
  const masked = [...head.map(maskLine), '', ...maskBody(typeOf(head), body)].join('\r\n').replace(CONTROLS, '\ufffd');
  return { text: masked.slice(0, MAX_TEXT), truncated: text.length > MAX_TEXT || lines.length === MAX_LINES };
}

// eslint-disable-next-line no-control-regex -- a caller's control characters must not reach anybody's terminal
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

function unfolded(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines)
    if (/^[ \t]/.test(line) && joined.length > 1) joined.push(`${joined.pop()!} ${line.trim()}`);
    else joined.push(line);
  return joined.map((line) => line.slice(0, MAX_LINE));
}

const HEADER = /^([^\s:]{1,64})[ \t]*:[ \t]*/;

function maskLine(line: string, index: number): string {
  const header = index === 0 ? null : HEADER.exec(line);
  if (header === null) return index === 0 ? maskUris(line) : CUT;
  const value = line.slice(header[0].length);
  const name = header[1]!;
  if (DIGEST.test(name)) return `${name}: ${maskDigest(value)}`;
  return `${name}: ${isCredentialName(name) ? CUT : maskUris(value)}`;
}

const DIGEST = /^(?:(?:proxy-)?authorization|(?:www|proxy)-authenticate|(?:proxy-)?authentication-info)$/i;
const DIGEST_PARAMETER = /\s*([\w-]{1,32})\s*=\s*("(?:[^"\\]|\\.)*"|[^,"\s]*)\s*(?:,|$)/y;
/** They tell why a registration fails, and prove nothing. */
const SHOWN = new Set(['realm', 'algorithm', 'qop', 'stale']);

/** `Digest realm="…", algorithm=MD5, ***` */
function maskDigest(value: string): string {
  const scheme = /^Digest(?=\s)/i.exec(value)?.[0];
  if (scheme === undefined) return /^[A-Za-z\d-]{1,16}(?=\s)/.test(value) ? `${value.split(/\s/, 1)[0]!} ${CUT}` : CUT;
  const shown: string[] = [];
  DIGEST_PARAMETER.lastIndex = scheme.length;
  for (;;) {
    const parameter = DIGEST_PARAMETER.exec(value);
    if (parameter === null || parameter[0] === '') break;
    if (SHOWN.has(parameter[1]!.toLowerCase())) shown.push(`${parameter[1]}=${parameter[2]}`);
  }
  return `${scheme} ${[...shown, CUT].join(', ')}`;
}

const URI_PASSWORD = /((?:\bsips?:|\b[a-z][a-z\d+.-]{0,20}:\/\/)(?!\[)[^\s:@<>"]{1,2048}):[^\s@<>"]{0,2048}@/gi;
const PARAMETER = /([;?&]\s{0,8})([\w.-]{1,64})(\s{0,8}=\s{0,8})("(?:[^"\\]|\\.)*"?|[^;?&<>"\s,]+)/g;

const PARAMETER_BEGINS = /[;?&]/;

/** Most headers have neither, and every header of every call comes through here. */
function maskUris(value: string): string {
  const plain = value.includes('@') ? value.replace(URI_PASSWORD, `$1:${CUT}@`) : value;
  if (!PARAMETER_BEGINS.test(plain)) return plain;
  return plain.replace(PARAMETER, (all, before: string, name: string, equals: string) =>
    isCredentialName(name) ? `${before}${name}${equals}${CUT}` : all,
  );
}

/** Undefined where there is none, or several that differ. */
function typeOf(head: readonly string[]): string | undefined {
  const types = new Set(
    head.flatMap((line) => /^(?:content-type|c)[ \t]*:[ \t]*([\w./+-]{1,64})/i.exec(line)?.[1]?.toLowerCase() ?? []),
  );
  return types.size === 1 ? [...types][0] : undefined;
}

function maskBody(type: string | undefined, lines: readonly string[]): string[] {
  if (lines.every((line) => line === '')) return [''];
  if (type === 'application/sdp') return lines.map((line) => maskSdp(line.slice(0, MAX_LINE)));
  if (type === 'message/sipfrag')
    return unfolded(lines).map((line, index) => (line === '' ? '' : maskLine(line, index)));
  return [`(${type === undefined ? 'the body' : `a body of the type ${type}`} is not kept)`, ''];
}

/** RFC 4568 (`crypto`), RFC 4567 (`key-mgmt`), RFC 8839 (`ice-pwd`), RFC 8866 (`k=`). */
function maskSdp(line: string): string {
  const crypto = /^\s*a\s*=\s*crypto\s*:\s*(\d{1,9})\s+([A-Z\d_]{1,64})(?=\s|$)/i.exec(line);
  if (crypto !== null) return `a=crypto:${crypto[1]} ${crypto[2]} ${CUT}`;
  const key = /^\s*(?:k\s*=|a\s*=\s*(?:crypto|key-mgmt|ice-pwd)\b)/i.exec(line)?.[0];
  return key === undefined ? maskUris(line) : `${key.trim()}${CUT}`;
}
