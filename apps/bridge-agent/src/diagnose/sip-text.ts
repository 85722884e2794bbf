/**
 * SIP messages (RFC 3261 §7) as far as the test of a trunk needs them. What the far side sends is hostile: it is
 * bounded before it is parsed, and only status codes, a challenge and the dialog's own headers are ever read from it.
 */
export interface SipAnswer {
  status: number;
  header(name: string): string | undefined;
  headers(name: string): string[];
  body: string;
}
export type SipIncoming = { kind: 'answer'; answer: SipAnswer } | { kind: 'request'; method: string; head: string };

export type Header = readonly [name: string, value: string];

export const MAX_MESSAGE_BYTES = 65_536;
const MAX_HEADERS = 200;

const COMPACT: Readonly<Record<string, string>> = { v: 'via', f: 'from', t: 'to', i: 'call-id', m: 'contact' };

/** Undefined: it is no SIP message. */
export function readSip(text: string): SipIncoming | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0 || text.length > MAX_MESSAGE_BYTES) return undefined;
  const head = text.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const [first = '', ...lines] = head.split('\r\n', MAX_HEADERS);
  const status = /^SIP\/2\.0 ([1-6]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) {
    const method = /^([A-Z]{1,20}) \S+ SIP\/2\.0$/.exec(first)?.[1];
    return method === undefined ? undefined : { kind: 'request', method, head };
  }
  const pairs = lines.map(pairOf);
  const headers = (name: string) => pairs.filter(([given]) => given === name).map(([, value]) => value);
  const body = text.slice(end + 4);
  return { kind: 'answer', answer: { status: Number(status), headers, header: (name) => headers(name)[0], body } };
}

function pairOf(line: string): Header {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  return [COMPACT[name] ?? name, line.slice(colon + 1).trim()];
}

/** @throws RangeError if a value would end its line: nothing that people write may add a header. */
export function writeSip(first: string, headers: readonly Header[], body = ''): string {
  const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (lines.some((line) => /[\r\n\0]/.test(line))) throw new RangeError('a value holds a line break');
  const length = new TextEncoder().encode(body).length;
  return [...lines, `Content-Length: ${length}`, '', body].join('\r\n');
}

/** The answer to a request of the far side within a test: it is taken and nothing is done (RFC 3261 §8.2.6). */
export function answerTo(head: string, status: '200 OK' | '405 Method Not Allowed'): string {
  const kept = /^(?:via|v|from|f|to|t|call-id|i|cseq)\s*:/i;
  const lines = head.split('\r\n').slice(1, MAX_HEADERS);
  return [`SIP/2.0 ${status}`, ...lines.filter((line) => kept.test(line)), 'Content-Length: 0', '', ''].join('\r\n');
}

/**
 * Cuts a stream into messages (RFC 3261 §18.3): the length of each body is in its head. `rest`: what is not whole yet;
 * null: what arrived is no SIP, and nothing after it can be read.
 */
export function cutStream(text: string): { messages: string[]; rest: string | null } {
  const messages: string[] = [];
  // Empty lines between messages keep a connection open (RFC 5626 §3.5.1).
  let rest = text.replace(/^(?:\r\n)+/, '');
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return { messages, rest: rest.length > MAX_MESSAGE_BYTES ? null : rest };
    const length = Number(/^(?:content-length|l)\s*:\s*(\d{1,6})\s*$/im.exec(rest.slice(0, end))?.[1] ?? 0);
    const whole = end + 4 + length;
    if (whole > MAX_MESSAGE_BYTES) return { messages, rest: null };
    if (rest.length < whole) return { messages, rest };
    messages.push(rest.slice(0, whole));
    rest = rest.slice(whole).replace(/^(?:\r\n)+/, '');
  }
}
