import type { AudioDescription } from './sdp.js';

export interface SipInvite {
  /** Who is called: the Request-URI's user; `to` where the To user differs. */
  number: string;
  to?: string;
  from: string;
  target: { host: string; port: number };
  headers?: readonly (readonly [string, string])[];
  /** The loopback address to call from; the port is any. */
  address: string;
  /** Where the caller's audio is. Without it nobody listens. */
  audio?: AudioDescription;
  /** The INVITE has no description: the other side offers in its 200, `audio` is the answer in the ACK (RFC 3264). */
  lateOffer?: boolean;
  /** What a REFER within the call gets (202), and what the NOTIFY then says of its target (200). */
  transfer?: SipTransfer;
  /** The INVITE is about to go out. */
  onSent?: () => void;
}

/**
 * `hangs_up`: the caller's BYE goes out in the same breath as that NOTIFY. `challenges`: only a REFER with credentials
 * is taken, after this many milliseconds.
 */
export interface SipTransfer {
  refer?: number;
  target?: number;
  after_ms?: number;
  hangs_up?: boolean;
  challenges?: number;
}

/** One dialog, from the caller's side. */
export interface SipLine {
  /** The final status. Any other than 200: there is no call. */
  readonly status: number;
  /** The other side's description of its audio, as the 200 had it. */
  readonly description: string;
  /** Settles when either side has sent BYE. */
  readonly ended: Promise<'other-side' | 'caller'>;
  /** An INVITE within the call (RFC 3261 §14); `late`: without a description, which the ACK has. The final answer. */
  reinvite(audio: AudioDescription, late?: boolean): Promise<{ status: number; description: string }>;
  /** Its audio moves there. The other side learns it only from the answer to its next INVITE. */
  moved(audio: AudioDescription): void;
  /** A key, sent by INFO (`application/dtmf-relay`). Resolves with the final status. */
  info(digit: string): Promise<number>;
  /** Settles when the BYE was answered. At once where the call is over. */
  hangUp(): Promise<void>;
}
