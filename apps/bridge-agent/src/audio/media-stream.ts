import { base64Length, encodeBase64 } from './base64.js';
import { FRAME_BYTES } from './playout-queue.js';

/** Names of a stream as the protocol writes them: two letters and 32 hexadecimal digits. A UUID's digits make one (`sid('CA', call_id)`), so the call's id can be read from it. */
export type SidKind = 'AC' | 'CA' | 'MZ';
export const sid = (kind: SidKind, uuid: string): string => kind + uuid.replaceAll('-', '').toLowerCase();

export interface StreamIdentity { accountSid: string; callSid: string; streamSid: string }

/** What the assistant is told of the call. */
export interface StreamParameters {
  /** E.164 where it could be brought to it. */
  from: string;
  to: string;
  direction: 'inbound' | 'outbound';
  target: { kind: 'assistant' | 'flow'; id: number } | null;
  welcomeMessage?: string;
  agenda?: string;
  /** Of the one who started the call; none of them replaces a parameter of ours. */
  variables?: Readonly<Record<string, string>>;
}

/** All are texts. `outbound` is there only when it is true: a client that only looks whether it is set would take "false" for true. */
export function customParameters(call: StreamParameters): Record<string, string> {
  const ours: Record<string, string | undefined> = {
    From: call.from,
    To: call.to,
    from_number: call.from,
    to_number: call.to,
    outbound: call.direction === 'outbound' ? 'true' : undefined,
    assistant_id: call.target?.kind === 'assistant' ? String(call.target.id) : undefined,
    flow_id: call.target?.kind === 'flow' ? String(call.target.id) : undefined,
    welcome_message: call.welcomeMessage,
    agenda: call.agenda,
  };
  const known = Object.entries(ours).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...call.variables, ...Object.fromEntries(known) };
}

/** The messages of one stream to the assistant, in Twilio's Media Streams format. Counters are texts there, `sequenceNumber` counts all messages but `connected` from 1. */
export interface MediaStream {
  connected(): string;
  start(parameters: Readonly<Record<string, string>>): string;
  /** One frame of the caller. The buffer is used again: it is good until the next call. */
  media(muLaw: Uint8Array, timestampMs: number): Buffer;
  dtmf(digit: string): string;
  mark(name: string): string;
  stop(): string;
}

const DIGITS_OF_A_COUNTER = 16;

export function startMediaStream(identity: StreamIdentity): MediaStream {
  const { accountSid, callSid, streamSid } = identity;
  let sequence = 0;
  let chunk = 0;
  const next = (): string => String(++sequence);

  const upToSequence = Buffer.from('{"event":"media","sequenceNumber":"');
  const upToChunk = Buffer.from(`","streamSid":${JSON.stringify(streamSid)},"media":{"track":"inbound","chunk":"`);
  const upToTimestamp = Buffer.from('","timestamp":"');
  const upToPayload = Buffer.from('","payload":"');
  const end = Buffer.from('"}}');
  const parts = [upToSequence, upToChunk, upToTimestamp, upToPayload, end];
  const buffer = Buffer.alloc(parts.reduce((sum, part) => sum + part.length, 3 * DIGITS_OF_A_COUNTER) + base64Length(FRAME_BYTES));
  upToSequence.copy(buffer);
  /** The message's length changes only when a counter gains a digit, so the view of it lasts. */
  let message = buffer;

  return {
    connected: () => '{"event":"connected","protocol":"Call","version":"1.0.0"}',
    start: (parameters) => JSON.stringify({
      event: 'start',
      sequenceNumber: next(),
      streamSid,
      start: { streamSid, accountSid, callSid, tracks: ['inbound'], mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }, customParameters: parameters },
    }),
    media(muLaw, timestampMs) {
      sequence += 1;
      chunk += 1;
      let at = writeNumber(buffer, upToSequence.length, sequence);
      at += upToChunk.copy(buffer, at);
      at = writeNumber(buffer, at, chunk);
      at += upToTimestamp.copy(buffer, at);
      at = writeNumber(buffer, at, timestampMs);
      at += upToPayload.copy(buffer, at);
      at = encodeBase64(muLaw, buffer, at);
      at += end.copy(buffer, at);
      if (message.length !== at) message = buffer.subarray(0, at);
      return message;
    },
    dtmf: (digit) => JSON.stringify({ event: 'dtmf', sequenceNumber: next(), streamSid, dtmf: { track: 'inbound_track', digit } }),
    mark: (name) => JSON.stringify({ event: 'mark', sequenceNumber: next(), streamSid, mark: { name } }),
    stop: () => JSON.stringify({ event: 'stop', sequenceNumber: next(), streamSid, stop: { accountSid, callSid } }),
  };
}

/** Decimal digits of a whole number that is not negative; gives the position behind them. */
function writeNumber(target: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    const above = Math.floor(rest / 10);
    target[index] = 48 + (rest - above * 10);
    rest = above;
  }
  return at + digits;
}
