import type { Codec } from '../rtp/g711.js';
import type { RtpPeer } from '../rtp/rtp-peer.net.js';
import { digestParameters, headerOf, headersOf, writeSip, type SipMessage } from './sip-message.js';

/** What the called side does with an INVITE. */
export interface CalleeScript {
  /** A final status, `answer`, or `silent`: nothing comes back. */
  outcome: number | 'answer' | 'silent';
  /** 180 at once, and the outcome after this long; absent: the outcome at once, without 180. */
  ringMs?: number;
  /** 407 with a digest challenge until this user answers it. */
  challenge?: string;
  /** Of a 302. */
  contact?: string;
  /** What a REFER gets, and what the NOTIFY after a 202 says of the target; default 202 and 200. */
  refer?: { status: number; target: number };
  /** The callee hangs up after this long. */
  hangUpAfterMs?: number;
}

/** An INVITE that came, without its repetitions. */
export interface HeardInvite {
  callId: string;
  uri: string;
  message: SipMessage;
  /** `performance.now()` of the INVITE, and of the 200. */
  at: number;
  answeredAt: number | undefined;
  state: 'silent' | 'ringing' | 'answered' | 'canceled' | 'refused' | 'ended' | 'challenged';
  audio: RtpPeer | undefined;
  acknowledged: boolean;
}

export interface SipCallee {
  readonly address: string;
  readonly port: number;
  /** `host:port`, as a trunk names its gateway. */
  readonly gateway: string;
  readonly invites: readonly HeardInvite[];
  /** The Request-URIs of the REGISTERs, each answered with 200. */
  readonly registers: readonly string[];
  /** A new offer within an answered call: this codec alone. Settles with the final status of the other side. */
  reinvite(invite: HeardInvite, codec: Codec): Promise<number>;
  /** Calls that ring or are up. */
  open(): HeardInvite[];
  /** From now on. */
  will(script: CalleeScript | ((invite: SipMessage, nth: number) => CalleeScript)): void;
  close(): Promise<void>;
}

/** A transaction's INVITE, CANCEL and repetitions have the same. */
export const keyOf = (request: SipMessage): string =>
  `${headerOf(request, 'call-id')} ${headerOf(request, 'cseq').split(' ')[0]}`;

export const authenticates = (request: SipMessage, user: string): boolean =>
  headersOf(request, 'proxy-authorization').some((header) => digestParameters(header)['username'] === user);

/** A request of the called side within the dialog of this INVITE. */
export function withinDialog(
  invite: SipMessage,
  {
    method,
    here,
    toTag,
    branch,
    sequence,
  }: { method: string; here: string; toTag: string; branch: string; sequence: number },
  headers: readonly (readonly [string, string])[] = [],
  body = '',
): string {
  const contact = /<([^>]+)>/.exec(headerOf(invite, 'contact'))?.[1] ?? invite.uri ?? '';
  return writeSip(
    `${method} ${contact} SIP/2.0`,
    [
      ['Via', `SIP/2.0/UDP ${here};branch=z9hG4bK${branch};rport`],
      ['Max-Forwards', '70'],
      ['From', `${headerOf(invite, 'to')};tag=${toTag}`],
      ['To', headerOf(invite, 'from')],
      ['Call-ID', headerOf(invite, 'call-id')],
      ['CSeq', `${sequence} ${method}`],
      ['Contact', `<sip:callee@${here}>`],
      ...headers,
    ],
    body,
  );
}

/** What the called side says of the target of a REFER that it took. */
export function notifyOfRefer(
  invite: SipMessage,
  place: { here: string; toTag: string; branch: string; sequence: number },
  target: number,
): string {
  const headers = [
    ['Event', 'refer'],
    ['Subscription-State', 'terminated;reason=noresource'],
    ['Content-Type', 'message/sipfrag;version=2.0'],
  ] as const;
  const body = `SIP/2.0 ${target} ${target === 200 ? 'OK' : 'No'}\r\n`;
  return withinDialog(invite, { method: 'NOTIFY', ...place }, headers, body);
}
