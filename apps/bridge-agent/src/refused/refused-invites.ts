import { withoutCredentials } from '@trunkmesh/contracts/credential.js';
import type { RefusedCallReason } from '@trunkmesh/contracts/refused-call.js';
import { CALLED_NUMBER_SOURCES, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import { dialledNumbers, rawSources } from '@trunkmesh/routing/called-number.js';
import { formatE164, NEUTRAL, toE164 } from '@trunkmesh/routing/number-format.js';
import type { SipHead } from '../sip-capture/sip-head.js';

/** One refused INVITE, without anything of it that could be a secret. */
export interface RefusedInvite {
  sourceAddress: string;
  /** The Request-URI's user. */
  called: string;
  numbers: string[];
  reason: RefusedCallReason;
  sipStatus: number;
  detail: string | null;
}

interface Pending {
  at: number;
  sourceAddress: string;
  called: string;
  named: Named;
  hasBody: boolean;
  done: boolean;
}
type Named = Pick<InboundRequest, 'headers' | 'request_uri_user' | 'to_user'>;

/**
 * FreeSWITCH refuses before the dialplan at once; what rings longer reached it. Retransmissions end after 32 s (timer
 * B, RFC 3261 §17.1.1.2).
 */
const KEPT_MS = 32_000;
/** The oldest are dropped, so that a flood costs at most a few megabytes. */
const MAX_PENDING = 4_000;
const SOURCE_NAMES = new Set<string>(CALLED_NUMBER_SOURCES.map((name) => name.toLowerCase()));
const MAX_SOURCE_LINES = 16;
const MAX_NUMBERS = 4;

/** Pairs each INVITE from outside with its final answer. Times in milliseconds; pure but for its own table. */
export class RefusedInvites {
  private readonly pending = new Map<string, Pending>();

  /** `handled`: the dialplan gave the call with this Call-ID to the agent, whose call log has it. */
  constructor(private readonly handled: (sipCallId: string) => boolean) {}

  get size(): number {
    return this.pending.size;
  }

  /** An INVITE that came in. */
  invite(head: SipHead, sourceAddress: string, now: number): void {
    if (head.withinDialog || head.callId === '') return;
    this.forget(now);
    const key = keyOf(head, sourceAddress);
    if (this.pending.has(key)) return;
    const headers = head.headers
      .filter(([name]) => SOURCE_NAMES.has(name))
      .slice(0, MAX_SOURCE_LINES)
      .map(([name, value]): [string, string] => [name, value]);
    const named = { headers, request_uri_user: head.requestUser, to_user: head.toUser };
    this.pending.set(key, {
      at: now,
      sourceAddress,
      called: printable(head.requestUser),
      named,
      hasBody: head.hasBody,
      done: false,
    });
    if (this.pending.size > MAX_PENDING) this.pending.delete(this.pending.keys().next().value!);
  }

  /**
   * A final response that was sent to this address. Undefined if there is nothing to report, or it was reported
   * already.
   */
  answer(head: SipHead, toAddress: string): RefusedInvite | undefined {
    const { status } = head;
    if (status === undefined || status < 200 || !head.cseq.endsWith(' INVITE')) return undefined;
    const found = this.pending.get(keyOf(head, toAddress));
    if (found === undefined || found.done) return undefined;
    // Kept, so that a retransmitted INVITE does not start a new entry.
    found.done = true;
    // 487: the caller gave up.
    if (status < 300 || status === 487 || this.handled(head.callId)) return undefined;
    return {
      sourceAddress: found.sourceAddress,
      called: found.called,
      numbers: fullNumbers(found.named),
      reason: reasonOf(status, found.hasBody),
      sipStatus: status,
      detail: detailOf(head),
    };
  }

  private forget(now: number): void {
    for (const [key, { at }] of this.pending) {
      if (now - at < KEPT_MS) return;
      this.pending.delete(key);
    }
  }
}

const keyOf = ({ callId, cseq }: SipHead, address: string): string => `${address} ${cseq} ${callId}`;

/** Numbers that the INVITE names in full, of any organisation: no organisation's number rules are applied. */
export function fullNumbers(named: Named): string[] {
  const numbers = new Set<string>();
  rawSources(named).forEach((lines, index) => {
    if (lines === undefined) return;
    for (const { text, context } of dialledNumbers(CALLED_NUMBER_SOURCES[index]!, lines)) {
      const number = toE164(text, NEUTRAL, context);
      if (number !== 0) numbers.add(formatE164(number));
    }
  });
  return [...numbers].slice(0, MAX_NUMBERS);
}

const REASONS: Readonly<Record<number, RefusedCallReason>> = {
  400: 'malformed',
  401: 'authentication-required',
  403: 'source-not-allowed',
  407: 'authentication-required',
  416: 'malformed',
  420: 'extension-not-supported',
  421: 'extension-not-supported',
  422: 'session-interval-too-small',
  488: 'media-not-acceptable',
  503: 'bridge-unavailable',
  606: 'media-not-acceptable',
};

function reasonOf(status: number, hasBody: boolean): RefusedCallReason {
  if (status === 480 && !hasBody) return 'offer-missing';
  return REASONS[status] ?? 'refused-by-switch';
}

/** The cause, as far as the response gives it. */
function detailOf({ headers }: SipHead): string | null {
  const value = (name: string) => headers.find(([given]) => given === name)?.[1];
  const unsupported = value('unsupported');
  const text =
    unsupported === undefined
      ? /;text="?([^"]{1,100})"?/.exec(value('reason') ?? '')?.[1]
      : `Unsupported: ${unsupported}`;
  return text === undefined ? null : withoutCredentials(printable(text)).slice(0, 120);
}

export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '').slice(0, 64);
