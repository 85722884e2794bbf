import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  api,
  connect,
  execute,
  getVariable,
  linger,
  myEvents,
  noEvents,
  sendMessage,
  subscribe,
  type EslCommand,
} from '../esl/esl-command.js';
import { createEslConnection, type EslReply } from '../esl/esl-connection.net.js';
import type { EslEvent } from '../esl/esl-event.js';
import { readHangup, type HangupFacts } from '../live/hangup-facts.js';

const LINGER_SECONDS = 5;
/**
 * `myevents` limits a connection to its channel's events, and subscribes to 23 kinds of seven kilobytes each: these are
 * needed. `nixevent` with the others would be long, and FreeSWITCH reads a command byte by byte.
 */
const EVENTS = ['CHANNEL_ANSWER', 'CHANNEL_HANGUP_COMPLETE', 'DTMF'];

/**
 * The channel then waits in a new loop, which accepts a new `unicast` and, like the first, ends with this connection.
 */
const PARK_AGAIN = [
  ['call-command', 'xferext'],
  ['application', 'park'],
  ['application', 'hangup NORMAL_TEMPORARY_FAILURE'],
] as const;

/** The caller's RTP as FreeSWITCH reports it: packets and flaws so far, and the packet time. */
export interface RtpFacts {
  packetsIn: number;
  /** FreeSWITCH's count of lost packets and the like. */
  flaws: number;
  packetMs: number;
}

type Ended = HangupFacts | undefined;

/** The conversation with FreeSWITCH about one channel. */
export class Talk {
  private readonly connection: ReturnType<typeof createEslConnection>;
  private readonly answerListeners: ((event: EslEvent) => void)[] = [];
  private readonly beforeEndListeners: ((hangup: Ended) => void)[] = [];
  private readonly answer = deferred<EslEvent>();
  private readonly end = deferred<Ended>();
  private readonly closing = deferred<void>();
  private digitListener: ((digit: string, source: string) => void) | undefined;
  private codecListener: (() => void) | undefined;
  private parked: (() => void) | undefined;
  private over: { hangup: Ended } | undefined;

  constructor(socket: Socket) {
    this.connection = createEslConnection(socket, {
      onEvent: (event) => this.take(event),
      onClose: () => {
        this.finish(undefined);
        this.closing.resolve();
      },
    });
  }

  get closed(): Promise<void> {
    return this.closing.promise;
  }

  /** Requests the channel's data and, in the same round trip, everything that is needed later. */
  begin(): Promise<EslReply> {
    const data = this.connection.send(connect());
    this.send([linger(LINGER_SECONDS), myEvents(), noEvents(), subscribe(EVENTS)]);
    return data;
  }

  execute(application: string, argument?: string): void {
    void this.connection.send(execute(application, argument));
  }

  send(commands: readonly EslCommand[]): void {
    for (const command of commands) void this.connection.send(command);
  }

  hangUp(cause: string): void {
    void this.connection.send(
      sendMessage([
        ['call-command', 'hangup'],
        ['hangup-cause', cause],
      ]),
    );
  }

  /** Undefined when it is not set or FreeSWITCH does not answer. */
  async getVariable(name: string): Promise<string | undefined> {
    const reply = await this.connection.send(getVariable(name));
    // For an unset variable FreeSWITCH answers "-ERR command not found".
    return reply.outcome === 'reply' && !reply.text.startsWith('-ERR') && reply.text !== '' ? reply.text : undefined;
  }

  /** RTP packets received from the caller so far; undefined if FreeSWITCH does not report them. */
  async packetsIn(callId: string): Promise<number | undefined> {
    return (await this.rtp(callId))?.packetsIn;
  }

  /** One round trip. Undefined if FreeSWITCH does not report it. */
  async rtp(callId: string): Promise<RtpFacts | undefined> {
    void this.connection.send(api('uuid_set_media_stats', callId));
    const wanted = ['rtp_audio_in_media_packet_count', 'rtp_audio_in_flaw_total', 'rtp_use_codec_ptime'];
    const [count, flaws, packetMs] = await Promise.all(wanted.map((name) => this.getVariable(name)));
    const packetsIn = Number(count);
    return Number.isSafeInteger(packetsIn)
      ? { packetsIn, flaws: Number(flaws ?? 0), packetMs: Number(packetMs ?? 20) }
      : undefined;
  }

  /** Takes effect at once, whatever the channel does; `hangUp` waits until the channel reads commands. */
  kill(callId: string, cause: string): void {
    void this.connection.send(api('uuid_kill', `${callId} ${cause}`));
  }

  /** Parks the channel again; this ends only `unicast`. Settles when it has happened, however late. */
  park(): Promise<boolean> {
    return new Promise((resolve) => {
      this.parked = () => resolve(true);
      this.send([subscribe(['CHANNEL_PARK']), sendMessage(PARK_AGAIN)]);
    });
  }

  /** Called whenever FreeSWITCH sets the codec again. */
  onCodec(listener: () => void): void {
    this.codecListener = listener;
    void this.connection.send(subscribe(['CODEC']));
  }

  onAnswered(listener: (event: EslEvent) => void): void {
    this.answerListeners.push(listener);
  }

  /** The digit that the caller pressed, and FreeSWITCH's `DTMF-Source`. */
  onDigit(listener: (digit: string, source: string) => void): void {
    this.digitListener = listener;
  }

  /** Like `onEnd`, but called before it, for what the call record must contain. */
  beforeEnd(listener: (hangup: HangupFacts | undefined) => void): void {
    if (this.over !== undefined) listener(this.over.hangup);
    else this.beforeEndListeners.push(listener);
  }

  /**
   * Called once, with the hang-up, or with undefined if the connection ended first. Called at once if it has happened
   * already.
   */
  onEnd(listener: (hangup: HangupFacts | undefined) => void): void {
    void this.end.promise.then(listener);
  }

  /** True when the call is answered or has ended; false if neither happens in time. */
  settled(withinMs: number): Promise<boolean> {
    return within(
      withinMs,
      false,
      Promise.race([this.answer.promise, this.end.promise]).then(() => true),
    );
  }

  /** The hang-up; undefined if the connection or the time ended first. */
  ended(withinMs: number): Promise<HangupFacts | undefined> {
    return within(withinMs, undefined, this.end.promise);
  }

  close(): void {
    this.connection.close();
  }

  private take(event: EslEvent): void {
    switch (event.name) {
      case 'CHANNEL_ANSWER':
        return this.answered(event);
      case 'DTMF':
        return this.pressed(event);
      case 'CODEC':
        return this.codecListener?.();
      case 'CHANNEL_PARK':
        return this.parked?.();
      case 'CHANNEL_HANGUP_COMPLETE':
        this.finish(readHangup(event.headers, new Date()));
        // Nothing more is expected; lingering would keep FreeSWITCH's session and its thread for seconds.
        return this.close();
    }
  }

  private answered(event: EslEvent): void {
    this.answer.resolve(event);
    for (const listener of this.answerListeners) listener(event);
  }

  private pressed({ headers }: EslEvent): void {
    this.digitListener?.(headers.get('DTMF-Digit') ?? '', headers.get('DTMF-Source') ?? '');
  }

  private finish(hangup: Ended): void {
    if (this.over !== undefined) return;
    this.over = { hangup };
    for (const listener of this.beforeEndListeners) listener(hangup);
    this.end.resolve(hangup);
  }
}

const within = <T>(withinMs: number, late: T, work: Promise<T>): Promise<T> =>
  Promise.race([work, sleep(withinMs, late, { ref: false })]);

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
