import type { IncomingHttpHeaders } from 'node:http';
import type { WebSocket } from 'ws';

export interface StreamMessage {
  event: string;
  sequenceNumber?: string;
  streamSid: string;
  start?: {
    streamSid: string;
    callSid: string;
    accountSid: string;
    tracks: string[];
    mediaFormat: { encoding: string; sampleRate: number; channels: number };
    customParameters: Record<string, string>;
  };
  media?: { track: string; chunk: string; timestamp: string; payload: string };
  mark?: { name: string };
  dtmf?: { track: string; digit: string };
  stop?: { accountSid: string; callSid: string };
}

/** `at`: `performance.now()` when it came. */
export type ReceivedMessage = StreamMessage & { at: number };

/** One connection of a call, as Twilio Media Streams has it. It does nothing of its own. */
export interface AssistantConnection {
  readonly ws: WebSocket;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly messages: readonly ReceivedMessage[];
  /** Of one event's name. */
  of(event: string): ReceivedMessage[];
  onMessage: ((message: StreamMessage) => void) | undefined;
  /** Of `start`; empty before it came. */
  readonly streamSid: string;
  readonly callSid: string;
  readonly parameters: Readonly<Record<string, string>>;
  send(message: object | string): void;
  /** Speech, as one message. */
  say(muLaw: Uint8Array): void;
  /** Comes back when the audio before it was played. */
  mark(name: string): void;
  /** Barge-in. */
  clear(): void;
  /** For the caller to hear. */
  press(digits: string): void;
  /** From now on the caller hears itself. */
  echo(): void;
  /** Ends the call, as assistants do: by a close. */
  hangUp(code?: number): void;
  /** The connection breaks without a word. */
  drop(): void;
  readonly closedWith: number | undefined;
}

export function connectionOn(ws: WebSocket, headers: IncomingHttpHeaders, path: string): AssistantConnection {
  const messages: ReceivedMessage[] = [];
  let start: StreamMessage['start'];
  let echoes = false;
  let closedWith: number | undefined;
  const connection: AssistantConnection = {
    ws,
    headers,
    path,
    messages,
    of: (event) => messages.filter((message) => message.event === event),
    onMessage: undefined,
    get streamSid() {
      return start?.streamSid ?? '';
    },
    get callSid() {
      return start?.callSid ?? '';
    },
    get parameters() {
      return start?.customParameters ?? {};
    },
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    say: (muLaw) => tell('media', { media: { payload: Buffer.from(muLaw).toString('base64') } }),
    mark: (name) => tell('mark', { mark: { name } }),
    clear: () => tell('clear', {}),
    press: (digits) => tell('dtmf', { dtmf: { digits } }),
    echo() {
      echoes = true;
    },
    hangUp: (code = 1000) => ws.close(code),
    drop: () => ws.terminate(),
    get closedWith() {
      return closedWith;
    },
  };
  const tell = (event: string, what: object): void => connection.send({ event, streamSid: start?.streamSid, ...what });
  ws.on('message', (data) => {
    const message = JSON.parse(data.toString()) as StreamMessage;
    messages.push({ ...message, at: performance.now() });
    start ??= message.start;
    if (echoes && message.media !== undefined) tell('media', { media: { payload: message.media.payload } });
    connection.onMessage?.(message);
  });
  ws.on('close', (code) => {
    closedWith = code;
  });
  ws.on('error', () => {});
  return connection;
}
