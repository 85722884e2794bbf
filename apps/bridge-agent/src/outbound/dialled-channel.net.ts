import type { Channel } from '../call/conversation.js';
import type { Talk } from '../call/call-talk.net.js';
import type { EslEvent } from '../esl/esl-event.js';
import type { HangupFacts } from '../live/hangup-facts.js';

type Ended = HangupFacts | undefined;

/** The hang-up over the event socket comes within milliseconds of the end of the channel's own connection. */
const OVERHEARD_MS = 500;

/**
 * The channel of an outbound call, whichever attempt has it. FreeSWITCH connects to the agent only once the call is
 * answered: from then on its own connection serves it; before, a hang-up gives up the attempts.
 */
export class DialledChannel implements Channel {
  private talk: Talk | undefined;
  private over: { hangup: Ended } | undefined;
  private readonly beforeEndListeners: ((hangup: Ended) => void)[] = [];
  private readonly endListeners: ((hangup: Ended) => void)[] = [];
  private readonly answerListeners: ((event: EslEvent) => void)[] = [];
  private digitListener: ((digit: string, source: string) => void) | undefined;
  private heard: HangupFacts | undefined;
  /** Its own connection ended without its hang-up. */
  private alone = false;
  private giveUp: ((cause: string) => void) | undefined;
  /** Set once the call is to end before it is answered. */
  givenUp: string | undefined;

  /** Called once, when the call is to end before it is answered. */
  onGiveUp(listener: (cause: string) => void): void {
    this.giveUp = listener;
    if (this.givenUp !== undefined) listener(this.givenUp);
  }

  /** The call is answered, and FreeSWITCH has connected: `talk` speaks for the channel from now on. */
  take(talk: Talk, headers: EslEvent['headers']): void {
    this.talk = talk;
    talk.onDigit((digit, source) => this.digitListener?.(digit, source));
    talk.beforeEnd((hangup) => this.left(hangup));
    for (const listener of this.answerListeners)
      listener({ name: 'CHANNEL_ANSWER', subclass: null, headers, body: '' });
    if (this.givenUp !== undefined) talk.kill(headers.get('Unique-ID') ?? '', this.givenUp);
  }

  /** The event socket told of its end. Its own connection tells more of it, and mostly first. */
  overheard(hangup: HangupFacts): void {
    if (this.talk === undefined || this.alone) this.finish(hangup);
    else this.heard = hangup;
  }

  /** Killed channels may close their connection without a word. */
  private left(hangup: Ended): void {
    if (hangup !== undefined || this.heard !== undefined) return this.finish(hangup ?? this.heard);
    this.alone = true;
    setTimeout(() => this.finish(undefined), OVERHEARD_MS).unref();
  }

  get taken(): boolean {
    return this.talk !== undefined;
  }

  hangUp(cause: string): void {
    if (this.talk !== undefined) return this.talk.hangUp(cause);
    if (this.givenUp !== undefined) return;
    this.givenUp = cause;
    this.giveUp?.(cause);
  }

  execute(application: string, argument?: string): void {
    this.talk?.execute(application, argument);
  }

  getVariable(name: string): Promise<string | undefined> {
    return this.talk?.getVariable(name) ?? Promise.resolve(undefined);
  }

  packetsIn(callId: string): Promise<number | undefined> {
    return this.talk?.packetsIn(callId) ?? Promise.resolve(undefined);
  }

  onAnswered(listener: (event: EslEvent) => void): void {
    this.answerListeners.push(listener);
  }

  onDigit(listener: (digit: string, source: string) => void): void {
    this.digitListener = listener;
  }

  beforeEnd(listener: (hangup: Ended) => void): void {
    if (this.over !== undefined) listener(this.over.hangup);
    else this.beforeEndListeners.push(listener);
  }

  onEnd(listener: (hangup: Ended) => void): void {
    if (this.over !== undefined) listener(this.over.hangup);
    else this.endListeners.push(listener);
  }

  ended(withinMs: number): Promise<Ended> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(undefined), withinMs);
      this.onEnd((hangup) => {
        clearTimeout(late);
        resolve(hangup);
      });
    });
  }

  /** The call is over; undefined: nobody saw its end. The first report counts. */
  finish(hangup: Ended): void {
    if (this.over !== undefined) return;
    this.over = { hangup };
    for (const listener of this.beforeEndListeners) listener(hangup);
    for (const listener of this.endListeners) listener(hangup);
  }
}
