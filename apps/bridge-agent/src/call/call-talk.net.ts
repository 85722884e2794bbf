import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  api,
  connect,
  execute,
  getVariable,
  linger,
  myEvents,
  sendMessage,
  subscribe,
  unsubscribe,
  type EslCommand,
} from '../esl/esl-command.js';
import { createEslConnection, type EslReply } from '../esl/esl-connection.net.js';
import type { EslEvent } from '../esl/esl-event.js';
import { readHangup, type HangupFacts } from '../live/hangup-facts.js';

const LINGER_SECONDS = 5;
/** `myevents` is 23 kinds of seven kilobytes each; four are of use. */
const UNUSED_EVENTS = [
  'CHANNEL_APPLICATION',
  'CHANNEL_BRIDGE',
  'CHANNEL_CREATE',
  'CHANNEL_DATA',
  'CHANNEL_DESTROY',
  'CHANNEL_EXECUTE',
  'CHANNEL_EXECUTE_COMPLETE',
  'CHANNEL_HANGUP',
  'CHANNEL_ORIGINATE',
  'CHANNEL_UUID',
  'CHANNEL_OUTGOING',
  'CHANNEL_PROGRESS',
  'CHANNEL_PROGRESS_MEDIA',
  'CHANNEL_STATE',
  'CHANNEL_UNBRIDGE',
  'CHANNEL_UNPARK',
  'DETECTED_SPEECH',
  'NOTALK',
  'TALK',
];

/**
 * The channel then waits in a new loop, which takes a new `unicast` and ends with this connection, as the first does.
 */
const PARK_ANEW = [
  ['call-command', 'xferext'],
  ['application', 'park'],
  ['application', 'hangup NORMAL_TEMPORARY_FAILURE'],
] as const;

/** Of the caller's audio, as FreeSWITCH has it: packets that came so far, and how much one holds. */
export interface RtpFacts {
  packetsIn: number;
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

  /** Asks for the channel's data, and with the same breath for what is wanted later: one round trip. */
  begin(): Promise<EslReply> {
    const data = this.connection.send(connect());
    this.send([linger(LINGER_SECONDS), myEvents(), unsubscribe(UNUSED_EVENTS)]);
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

  /** Undefined: not set, or FreeSWITCH does not answer. */
  async getVariable(name: string): Promise<string | undefined> {
    const reply = await this.connection.send(getVariable(name));
    // Of a variable that is not set FreeSWITCH says "-ERR command not found".
    return reply.outcome === 'reply' && !reply.text.startsWith('-ERR') && reply.text !== '' ? reply.text : undefined;
  }

  /** RTP packets that came from the caller so far; undefined: FreeSWITCH does not say. */
  async packetsIn(callId: string): Promise<number | undefined> {
    return (await this.rtp(callId))?.packetsIn;
  }

  /** One round trip. Undefined: FreeSWITCH does not say. */
  async rtp(callId: string): Promise<RtpFacts | undefined> {
    void this.connection.send(api('uuid_set_media_stats', callId));
    const wanted = ['rtp_audio_in_media_packet_count', 'rtp_use_codec_ptime'];
    const [count, packetMs] = await Promise.all(wanted.map((name) => this.getVariable(name)));
    const packetsIn = Number(count);
    return Number.isSafeInteger(packetsIn) ? { packetsIn, packetMs: Number(packetMs ?? 20) } : undefined;
  }

  /** At once, whatever the channel does; `hangUp` waits until it listens. */
  kill(callId: string, cause: string): void {
    void this.connection.send(api('uuid_kill', `${callId} ${cause}`));
  }

  /** Parks the channel anew: of the call only `unicast` is gone. Settles when that has happened, however late. */
  park(): Promise<boolean> {
    return new Promise((resolve) => {
      this.parked = () => resolve(true);
      void this.connection.send(sendMessage(PARK_ANEW));
    });
  }

  /** FreeSWITCH has set the codec anew, from now on. */
  onCodec(listener: () => void): void {
    this.codecListener = listener;
    void this.connection.send(subscribe(['CODEC']));
  }

  onAnswered(listener: (event: EslEvent) => void): void {
    this.answerListeners.push(listener);
  }

  /** What the caller presses, and FreeSWITCH's `DTMF-Source`. */
  onDigit(listener: (digit: string, source: string) => void): void {
    this.digitListener = listener;
  }

  /** As `onEnd`, and before any of those: what the end's record has to have. */
  beforeEnd(listener: (hangup: HangupFacts | undefined) => void): void {
    if (this.over !== undefined) listener(this.over.hangup);
    else this.beforeEndListeners.push(listener);
  }

  /**
   * Called once, with the hang-up, or without where the connection ended before one came; at once if that has
   * happened.
   */
  onEnd(listener: (hangup: HangupFacts | undefined) => void): void {
    void this.end.promise.then(listener);
  }

  /** Answered or ended; false: neither within the time. */
  settled(withinMs: number): Promise<boolean> {
    return within(
      withinMs,
      false,
      Promise.race([this.answer.promise, this.end.promise]).then(() => true),
    );
  }

  /** The hang-up, or undefined: the connection or the time ended first. */
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
        // Nothing more is to come; lingering would keep FreeSWITCH's session and its thread for seconds.
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
