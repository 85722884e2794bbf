/**
 * The first line and the headers of a SIP message (RFC 3261 §7), as far as they explain a refusal. All of it is
 * untrusted.
 */
export interface SipHead {
  /** Of a request. */
  method: string | undefined;
  requestUser: string;
  /** Of a request, as it was sent. */
  requestUri: string;
  /** Of a response. */
  status: number | undefined;
  callId: string;
  /** `1 INVITE` */
  cseq: string;
  toUser: string;
  /** The To has a tag: within a dialog. */
  withinDialog: boolean;
  /** In the order of arrival, names in lower case and long; lines beyond the bounds are left out. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Characters, as Content-Length or what follows says; 0: no body. */
  hasBody: boolean;
}

const MAX_HEAD_LENGTH = 16_384;
const MAX_LINES = 128;
const MAX_VALUE_LENGTH = 1_024;
const MAX_USER_LENGTH = 64;
const COMPACT: Readonly<Record<string, string>> = {
  i: 'call-id',
  f: 'from',
  t: 'to',
  v: 'via',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  k: 'supported',
  x: 'session-expires',
};

/** Few messages have folded lines. */
const FOLDED = /\r\n[ \t]/;

/** `text`: latin1, so that every byte is one character. Undefined if it is not a SIP message. */
export function readSipHead(text: string): SipHead | undefined {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, Math.min(end === -1 ? MAX_HEAD_LENGTH : end, MAX_HEAD_LENGTH));
  const lines = (FOLDED.test(head) ? head.replace(/\r\n[ \t]+/g, ' ') : head).split('\r\n', MAX_LINES);
  const started = startOf(lines[0]!);
  if (started === undefined) return undefined;
  const headers = headersOf(lines);
  const value = (name: string) => headers.find(([given]) => given === name)?.[1] ?? '';
  const to = value('to');
  return {
    ...started,
    callId: value('call-id').slice(0, 256),
    cseq: value('cseq').slice(0, 64),
    toUser: userOf(to),
    withinDialog: /;\s*tag=/i.test(to.slice(to.indexOf('>') + 1)),
    headers,
    hasBody: end !== -1 && text.length > end + 4,
  };
}

function startOf(line: string): Pick<SipHead, 'method' | 'requestUser' | 'requestUri' | 'status'> | undefined {
  const request = /^([A-Z]{1,20}) (\S{1,1024}) SIP\/2\.0$/.exec(line);
  if (request !== null)
    return { method: request[1], requestUser: userOf(request[2]!), requestUri: request[2]!, status: undefined };
  const status = /^SIP\/2\.0 (\d{3})\b/.exec(line)?.[1];
  return status === undefined
    ? undefined
    : { method: undefined, requestUser: '', requestUri: '', status: Number(status) };
}

/** Every message of every call comes through here: no array for each line. */
function headersOf(lines: readonly string[]): [string, string][] {
  const headers: [string, string][] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index]!;
    const colon = line.indexOf(':');
    if (colon < 1 || colon > 64) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.push([COMPACT[name] ?? name, line.slice(colon + 1, colon + 1 + MAX_VALUE_LENGTH).trim()]);
  }
  return headers;
}

/** The user of the first SIP or tel URI without a password, with the parameters that a number may have. */
export const userOf = (text: string): string =>
  (
    /\bsips?:([^@>\s:]{1,256})(?::[^@>\s]{0,256})?@/i.exec(text)?.[1] ??
    /\btel:([^>\s;]{1,256})/i.exec(text)?.[1] ??
    ''
  ).slice(0, MAX_USER_LENGTH);
