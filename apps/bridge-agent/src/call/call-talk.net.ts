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
 *  The channel then waits in a new loop, which takes a new `unicast` and ends with this connection, as the first does.
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

/** The conversation with FreeSWITCH about one channel. */
export interface Talk {
  /** Asks for the channel's data, and with the same breath for what is wanted later: one round trip. */
  begin(): Promise<EslReply>;
  execute(application: string, argument?: string): void;
  send(commands: readonly EslCommand[]): void;
  hangUp(cause: string): void;
  /** Undefined: not set, or FreeSWITCH does not answer. */
  getVariable(name: string): Promise<string | undefined>;
  /** RTP packets that came from the caller so far; undefined: FreeSWITCH does not say. */
  packetsIn(callId: string): Promise<number | undefined>;
  /** Undefined: FreeSWITCH does not say. */
  rtp(callId: string): Promise<RtpFacts | undefined>;
  /** At once, whatever the channel does; `hangUp` waits until it listens. */
  kill(callId: string, cause: string): void;
  /** Parks the channel anew: of the call only `unicast` is gone. Settles when that has happened, however late. */
  park(): Promise<boolean>;
  /** FreeSWITCH has set the codec anew, from now on. */
  onCodec(listener: () => void): void;
  onAnswered(listener: (event: EslEvent) => void): void;
  /** What the caller presses, and FreeSWITCH's `DTMF-Source`. */
  onDigit(listener: (digit: string, source: string) => void): void;
  /** As `onEnd`, and before any of those: what the end's record has to have. */
  beforeEnd(listener: (hangup: HangupFacts | undefined) => void): void;
  /**
   *  Called once, with the hang-up, or without where the connection ended before one came; at once if that has
   *  happened.
   */
  onEnd(listener: (hangup: HangupFacts | undefined) => void): void;
  /** Answered or ended; false: neither within the time. */
  settled(withinMs: number): Promise<boolean>;
  /** The hang-up, or undefined: the connection or the time ended first. */
  ended(withinMs: number): Promise<HangupFacts | undefined>;
  readonly closed: Promise<void>;
  close(): void;
}

export function openTalk(socket: Socket): Talk {
  const onAnswered: ((event: EslEvent) => void)[] = [];
  let onDigit: (digit: string, source: string) => void = () => undefined;
  let onCodec: () => void = () => undefined;
  let onParked: () => void = () => undefined;
  const answered = deferred<EslEvent>();
  const end = deferred<HangupFacts | undefined>();
  const beforeEnd: ((hangup: HangupFacts | undefined) => void)[] = [];
  let over: { hangup: HangupFacts | undefined } | undefined;
  const finish = (hangup: HangupFacts | undefined): void => {
    if (over !== undefined) return;
    over = { hangup };
    for (const listener of beforeEnd) listener(hangup);
    end.resolve(hangup);
  };
  const closed = deferred<void>();
  const connection = createEslConnection(socket, {
    onEvent: (event) => {
      if (event.name === 'CHANNEL_ANSWER') {
        answered.resolve(event);
        for (const listener of onAnswered) listener(event);
      }
      if (event.name === 'DTMF') onDigit(event.headers.get('DTMF-Digit') ?? '', event.headers.get('DTMF-Source') ?? '');
      if (event.name === 'CODEC') onCodec();
      if (event.name === 'CHANNEL_PARK') onParked();
      if (event.name !== 'CHANNEL_HANGUP_COMPLETE') return;
      finish(readHangup(event.headers, new Date()));
      // Nothing more is to come; lingering would keep FreeSWITCH's session and its thread for seconds.
      connection.close();
    },
    onClose: () => {
      finish(undefined);
      closed.resolve();
    },
  });
  const within = <T>(withinMs: number, late: T, work: Promise<T>) =>
    Promise.race([work, sleep(withinMs, late, { ref: false })]);
  const getVariableNow = async (name: string): Promise<string | undefined> => {
    const reply = await connection.send(getVariable(name));
    // Of a variable that is not set FreeSWITCH says "-ERR command not found".
    return reply.outcome === 'reply' && !reply.text.startsWith('-ERR') && reply.text !== '' ? reply.text : undefined;
  };
  /** One round trip. */
  const rtp = async (callId: string): Promise<RtpFacts | undefined> => {
    void connection.send(api('uuid_set_media_stats', callId));
    const wanted = ['rtp_audio_in_media_packet_count', 'rtp_use_codec_ptime'];
    const [count, packetMs] = await Promise.all(wanted.map(getVariableNow));
    const packetsIn = Number(count);
    return Number.isSafeInteger(packetsIn) ? { packetsIn, packetMs: Number(packetMs ?? 20) } : undefined;
  };
  return {
    begin: () => {
      const data = connection.send(connect());
      for (const command of [linger(LINGER_SECONDS), myEvents(), unsubscribe(UNUSED_EVENTS)])
        void connection.send(command);
      return data;
    },
    execute: (application, argument) => {
      void connection.send(execute(application, argument));
    },
    send: (commands) => {
      for (const command of commands) void connection.send(command);
    },
    hangUp: (cause) => {
      void connection.send(
        sendMessage([
          ['call-command', 'hangup'],
          ['hangup-cause', cause],
        ]),
      );
    },
    getVariable: getVariableNow,
    packetsIn: async (callId) => (await rtp(callId))?.packetsIn,
    rtp,
    kill: (callId, cause) => {
      void connection.send(api('uuid_kill', `${callId} ${cause}`));
    },
    park: () =>
      new Promise((resolve) => {
        onParked = () => resolve(true);
        void connection.send(sendMessage(PARK_ANEW));
      }),
    onCodec: (listener) => {
      onCodec = listener;
      void connection.send(subscribe(['CODEC']));
    },
    onAnswered: (listener) => {
      onAnswered.push(listener);
    },
    onDigit: (listener) => {
      onDigit = listener;
    },
    beforeEnd: (listener) => {
      if (over !== undefined) listener(over.hangup);
      else beforeEnd.push(listener);
    },
    onEnd: (listener) => {
      void end.promise.then(listener);
    },
    settled: (withinMs) =>
      within(
        withinMs,
        false,
        Promise.race([answered.promise, end.promise]).then(() => true),
      ),
    ended: (withinMs) => within(withinMs, undefined, end.promise),
    closed: closed.promise,
    close: () => connection.close(),
  };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
