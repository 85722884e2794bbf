import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { StreamParameters } from './media-stream.js';
import type { UnicastHeaders } from './unicast.net.js';

export interface AudioCall {
  /** As the assistant knows the call and its organisation: `sid('CA', call_id)`, `sid('AC', organization_id)`. */
  callSid: string;
  accountSid: string;
  /** `ws` or `wss`. Its path or query may contain a secret, so it is never logged. */
  mediaUrl: string;
  signingSecret?: string;
  parameters: StreamParameters;
  /** For the first connection, all attempts together: the call's `answer_deadline`. Default 6 s. */
  connectWithinMs?: number;
  /** True allows a private address, for URLs that the operator set. Default false. */
  allowPrivateAddress?: boolean;
  logger: Logger;
  /** The stream is connected, or it dropped and is being reconnected. */
  onStream?(what: 'connected' | 'dropped'): void;
  /** The assistant asked to send these digits to the caller. */
  onDigits?(digits: string): void;
  /** FreeSWITCH's frames stopped. Called once, until they arrive again or `lookAgain`. See `attachment.ts`. */
  onSilent?(): void;
  /** The audio ended by itself after it had been connected: end the call. Not called after `stop`. */
  onEnd?(reason: AudioEnd, detail: string): void;
}

export type AudioOutcome =
  /**
   * `unicast`: the headers of the sendmsg `unicast` that attaches the call. Send it only when the channel's
   * CHANNEL_ANSWER has been seen: on a channel without a codec FreeSWITCH 1.11 reads through a null pointer and dies
   * with all its calls. Without waiting for the outcome of `answer`, a caller that offers none of our codecs causes
   * that.
   */
  { outcome: 'connected'; unicast: UnicastHeaders } | { outcome: 'failed'; reason: AudioEnd; detail: string };

export interface AudioSession {
  /** The assistant has received `start` and the ports are open: answer now. Never rejects. */
  readonly connected: Promise<AudioOutcome>;
  /**
   * Whether FreeSWITCH's first frame arrives within that time. FreeSWITCH does not report whether `unicast` worked; the
   * first frame proves it.
   */
  callerAudio(withinMs: number): Promise<boolean>;
  /** The call's packetization time in milliseconds, as FreeSWITCH has it. */
  packetsOf(milliseconds: number): void;
  /** Milliseconds since FreeSWITCH's last frame. */
  quietMs(): number;
  /** Something happened that may have ended `unicast`. */
  doubt(): void;
  /** The silence has a harmless cause: watch again. */
  lookAgain(): void;
  /** Nothing is played until FreeSWITCH's next frame, which a new `unicast` is to bring. */
  detach(): void;
  /** Calls `onSilent` if the frames have stopped. The engine calls this for every call. */
  watch(now: number): void;
  /** Sends a digit of FreeSWITCH's DTMF event. False if it is not a DTMF digit. */
  sendDtmf(digit: string): boolean;
  log(): AudioLog;
  /** The call ended. Once; gives the final log. */
  stop(): AudioLog;
}
