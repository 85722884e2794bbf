/** A SIP message as far as a test carrier needs one (RFC 3261 §7). Pure. */
export interface SipMessage {
  /** Of a request; undefined for a response. */
  method?: string;
  uri?: string;
  /** Of a response. */
  status?: number;
  phrase?: string;
  /** In the order of arrival, names as they came. */
  headers: [name: string, value: string][];
  body: string;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
};

export function parseSip(text: string): SipMessage | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = text
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const body = text.slice(end + 4);
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(first);
  if (response) return { status: Number(response[1]), phrase: response[2], headers, body };
  const request = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(first);
  return request ? { method: request[1], uri: request[2], headers, body } : undefined;
}

export function headersOf(message: SipMessage, name: string): string[] {
  const wanted = name.toLowerCase();
  return message.headers
    .filter(([given]) => (COMPACT[given.toLowerCase()] ?? given.toLowerCase()) === wanted)
    .map(([, value]) => value);
}

export const headerOf = (message: SipMessage, name: string): string => headersOf(message, name)[0] ?? '';

export function writeSip(first: string, headers: readonly (readonly [string, string])[], body = ''): string {
  const all = [...headers, ['Content-Length', String(Buffer.byteLength(body))] as const];
  return `${first}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** A response carries the request's Via, From, To, Call-ID and CSeq (RFC 3261 §8.2.6). */
export function respond(
  request: SipMessage,
  options: {
    status: number;
    phrase: string;
    toTag?: string;
    headers?: readonly (readonly [string, string])[];
    body?: string;
  },
): string {
  const to = headerOf(request, 'to');
  const tagged = options.toTag === undefined || /;tag=/.test(to) ? to : `${to};tag=${options.toTag}`;
  return writeSip(
    `SIP/2.0 ${options.status} ${options.phrase}`,
    [
      ...headersOf(request, 'via').map((via) => ['Via', via] as const),
      ['From', headerOf(request, 'from')],
      ['To', tagged],
      ['Call-ID', headerOf(request, 'call-id')],
      ['CSeq', headerOf(request, 'cseq')],
      ...(options.headers ?? []),
    ],
    options.body,
  );
}

/** `Digest a="b", c=d` → its parameters. */
export function digestParameters(header: string): Record<string, string> {
  return Object.fromEntries(
    [...header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, name, quoted, bare]) => [
      name!.toLowerCase(),
      quoted ?? bare ?? '',
    ]),
  );
}
