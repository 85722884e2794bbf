import { withoutCredentials } from '@trunkmesh/contracts/credential.js';
import type { RefusedCallReason, RefusedInvite as SeenInvite } from '@trunkmesh/contracts/refused-call.js';
import { CALLED_NUMBER_SOURCES } from '@trunkmesh/contracts/routing.js';
import { dialledNumbers, rawSources } from '@trunkmesh/routing/called-number.js';
import { formatE164, NEUTRAL, toE164 } from '@trunkmesh/routing/number-format.js';
import type { SipHead } from '../sip-capture/sip-head.js';
import { claimedUsers, printable, seenInvite, type Named, type ShownText } from './seen-invite.js';

/** Why an INVITE was refused, without anything of it that could be a secret. */
export interface RefusedFacts {
  sourceAddress: string;
  /** The Request-URI's user. */
  called: string;
  numbers: string[];
  reason: RefusedCallReason;
  sipStatus: number;
  detail: string | null;
}
/** With what the capture showed of it. */
export interface RefusedInvite extends RefusedFacts {
  /** User names that it gives: a trunk may be known by one. */
  users: string[];
  /** Undefined: the capture did not show it. */
  invite: SeenInvite | undefined;
}

interface Pending {
  at: number;
  dialog: string;
  sourceAddress: string;
  called: string;
  named: Named;
  users: string[];
  invite: SeenInvite;
  hasBody: boolean;
  done: boolean;
}
/** An INVITE as the capture shows it. */
export interface Arrived {
  sourceAddress: string;
  /** The SDP, as it was sent; empty: none. */
  sdp: string;
  /** The message without credentials; undefined: messages are not kept. */
  shown: ShownText | undefined;
  at: number;
}

/**
 * FreeSWITCH refuses before the dialplan at once; what rings longer reached it. Retransmissions end after 32 s (timer
 * B, RFC 3261 §17.1.1.2).
 */
const KEPT_MS = 32_000;
/** The oldest are dropped, so that a flood costs some 20 MB at most. */
const MAX_PENDING = 4_000;
const SOURCE_NAMES = new Set<string>(CALLED_NUMBER_SOURCES.map((name) => name.toLowerCase()));
const MAX_SOURCE_LINES = 16;
const MAX_NUMBERS = 4;

/** Pairs each INVITE from outside with its final answer. Times in milliseconds; pure but for its own table. */
export class RefusedInvites {
  private readonly pending = new Map<string, Pending>();
  /** The latest key of each Call-ID and address. */
  private readonly keys = new Map<string, string>();

  /** `handled`: the dialplan gave the call with this Call-ID to the agent, whose call log has it. */
  constructor(private readonly handled: (sipCallId: string) => boolean) {}

  get size(): number {
    return this.pending.size;
  }

  /** An INVITE that came in. */
  invite(head: SipHead, { sourceAddress, sdp, shown, at }: Arrived): void {
    if (head.withinDialog || head.callId === '') return;
    this.forgetOld(at);
    const key = keyOf(head, sourceAddress);
    if (this.pending.has(key)) return;
    const headers = head.headers
      .filter(([name]) => SOURCE_NAMES.has(name))
      .slice(0, MAX_SOURCE_LINES)
      .map(([name, value]): [string, string] => [name, value]);
    const named = { headers, request_uri_user: head.requestUser, to_user: head.toUser };
    const dialog = dialogOf(head.callId, sourceAddress);
    this.pending.set(key, {
      at,
      dialog,
      sourceAddress,
      called: printable(head.requestUser),
      named,
      users: claimedUsers(head),
      invite: seenInvite(head, { named, sdp, shown, at: new Date(at) }),
      hasBody: head.hasBody,
      done: false,
    });
    this.keys.set(dialog, key);
    if (this.pending.size > MAX_PENDING) this.forget(this.pending.keys().next().value!);
  }

  /** What the capture showed of an INVITE that the agent itself refused. */
  shownOf(sipCallId: string, sourceAddress: string): Pick<RefusedInvite, 'users' | 'invite'> {
    const key = this.keys.get(dialogOf(sipCallId, sourceAddress));
    const found = key === undefined ? undefined : this.pending.get(key);
    return { users: found?.users ?? [], invite: found?.invite };
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
      users: found.users,
      invite: found.invite,
    };
  }

  private forgetOld(now: number): void {
    for (const [key, { at }] of this.pending) {
      if (now - at < KEPT_MS) return;
      this.forget(key);
    }
  }

  private forget(key: string): void {
    const dialog = this.pending.get(key)?.dialog;
    this.pending.delete(key);
    if (dialog !== undefined && this.keys.get(dialog) === key) this.keys.delete(dialog);
  }
}

const keyOf = ({ callId, cseq }: SipHead, address: string): string => `${address} ${cseq} ${callId}`;
const dialogOf = (sipCallId: string, address: string): string => `${address} ${sipCallId}`;

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
