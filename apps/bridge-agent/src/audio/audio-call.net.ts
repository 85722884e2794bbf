import type { AudioEnd, AudioLog } from '@trunkmesh/contracts/audio.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { StreamParameters } from './media-stream.js';
import type { UnicastHeaders } from './unicast.net.js';

export interface AudioCall {
  /** As the assistant knows the call and its organisation: `sid('CA', call_id)`, `sid('AC', organization_id)`. */
  callSid: string;
  accountSid: string;
  /** `ws` or `wss`. It may hold a secret in its path or query: nothing of it is logged. */
  mediaUrl: string;
  signingSecret?: string;
  parameters: StreamParameters;
  /** For the first connection, all attempts together: the call's `answer_deadline`. Default 6 s. */
  connectWithinMs?: number;
  /** True: the URL may lead into a private network, because the operator wrote it and not a customer. Default false. */
  allowPrivateAddress?: boolean;
  logger: Logger;
  /** The stream stands (again), or dropped and is being connected again. */
  onStream?(what: 'connected' | 'dropped'): void;
  /** The assistant wants the caller to hear these. */
  onDigits?(digits: string): void;
  /** FreeSWITCH's frames stopped coming; once, until they come again or `lookAgain`. See `attachment.ts`. */
  onSilent?(): void;
  /** The audio ended of its own, after it had been connected: end the call. Not called after `stop`. */
  onEnd?(reason: AudioEnd, detail: string): void;
}

export type AudioOutcome =
  /**
   * `unicast`: the headers of the sendmsg `unicast` that attaches the call. Send it only when the channel's
   * CHANNEL_ANSWER has been seen: on a channel without a codec FreeSWITCH 1.11 reads through a null pointer and dies
   * with all its calls. Behind an `answer` whose outcome is not known yet that happens to whoever offers no codec of
   * ours.
   */
  { outcome: 'connected'; unicast: UnicastHeaders } | { outcome: 'failed'; reason: AudioEnd; detail: string };

export interface AudioSession {
  /** The assistant has been told `start` and the ports are open: answer now. Rejects never. */
  readonly connected: Promise<AudioOutcome>;
  /**
   *  Whether FreeSWITCH's first frame comes within that time. FreeSWITCH does not say whether `unicast` worked: this
   *  does.
   */
  callerAudio(withinMs: number): Promise<boolean>;
  /** The call's packetization time in milliseconds, as FreeSWITCH has it. */
  packetsOf(milliseconds: number): void;
  /** Since FreeSWITCH's last frame. */
  quietMs(): number;
  /** Something happened that may have ended `unicast`. */
  doubt(): void;
  /** Told of a silence for which nothing is to be done. */
  lookAgain(): void;
  /** Nothing is played until FreeSWITCH's next frame, which a new `unicast` is to bring. */
  detach(): void;
  /** Tells `onSilent` where it is silent. The engine does, for all calls at once. */
  watch(now: number): void;
  /** A digit of FreeSWITCH's DTMF event. False: it is none. */
  sendDtmf(digit: string): boolean;
  log(): AudioLog;
  /** The call ended. Once; gives the final log. */
  stop(): AudioLog;
}
