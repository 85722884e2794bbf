import type { Headers } from './wire.js';

/** Headers of an INVITE, one value or several lines each. */
export type SentHeaders = Readonly<Record<string, string | string[]>>;

/** The offer of a caller that gives none: PCMU. */
export const DEFAULT_SDP =
  'v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 25000 ' +
  'RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n';

export const linesOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** A value that looks like an expression is dropped from `sip_h_…`, where the dialplan would expand it. */
const expandable = (value: string) => /\$\{|\$\$\{/.test(value);

/** Diversion holds only the last of several lines; History-Info's are joined; `X-…` and `P-…` keep the last. */
export function namedHeaders(sent: SentHeaders): Headers {
  const named: [string, string][] = [];
  for (const [header, value] of Object.entries(sent)) {
    const all = linesOf(value);
    const last = all.at(-1);
    if (last === undefined) continue;
    if (/^history-info$/i.test(header)) named.push(['sip_history_info', all.join(', ')]);
    else if (/^diversion$/i.test(header)) named.push(['sip_h_Diversion', last]);
    else if (/^[xp]-/i.test(header) && !/^p-asserted-identity$/i.test(header) && !expandable(last))
      named.push([`sip_h_${header}`, last]);
  }
  const order = (name: string) => (name === 'sip_h_Diversion' ? 0 : name === 'sip_history_info' ? 1 : 2);
  return named.sort(([a], [b]) => order(a) - order(b));
}

/** `parse-all-invite-headers`: every header line, several as `ARRAY::a|:b`. */
export function allHeaders(
  sent: SentHeaders,
  basic: { fullFrom: string; fullTo: string; via: string; callId: string; contact: string },
): Headers {
  const known: Headers = [
    ['from', basic.fullFrom],
    ['to', basic.fullTo],
    ['call_id', basic.callId],
    ['cseq', '1 INVITE'],
    ['max_forwards', '70'],
    ['contact', basic.contact],
    ['content_type', 'application/sdp'],
    ['content_length', String(DEFAULT_SDP.length)],
    ['via', basic.via],
  ];
  const given = Object.entries(sent).map(([header, value]) => {
    const all = linesOf(value);
    const joined = /^history-info$/i.test(header)
      ? all.join(', ')
      : all.length > 1
        ? `ARRAY::${all.join('|:')}`
        : (all[0] ?? '');
    return [header.toLowerCase().replaceAll('-', '_'), joined] as const;
  });
  return [...known, ...given].map(([name, value]) => [`sip_i_${name}`, value] as const);
}
