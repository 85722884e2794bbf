import { base64Length, encodeBase64 } from './base64.js';
import { FRAME_BYTES } from './playout-queue.js';

/**
 * Names of a stream as the protocol writes them: two letters and 32 hexadecimal digits. A UUID's digits make one
 * (`sid('CA', call_id)`), so the call's id can be read from it.
 */
export type SidKind = 'AC' | 'CA' | 'MZ';
export const sid = (kind: SidKind, uuid: string): string => kind + uuid.replaceAll('-', '').toLowerCase();

export interface StreamIdentity {
  accountSid: string;
  callSid: string;
  streamSid: string;
}

/** The call's parameters for the assistant. */
export interface StreamParameters {
  /** In E.164 where it could be normalised. */
  from: string;
  /** The caller withheld its number. */
  callerWithheld?: boolean;
  to: string;
  direction: 'inbound' | 'outbound';
  target: { kind: 'assistant' | 'flow'; id: number } | null;
  welcomeMessage?: string;
  agenda?: string;
  /** Set by the caller of the API; they never replace our own parameters. */
  variables?: Readonly<Record<string, string>>;
}

/**
 * All values are strings. `outbound` and `caller_withheld` are present only when true: a client that only checks for
 * presence would take "false" for true.
 */
export function customParameters(call: StreamParameters): Record<string, string> {
  const ours: Record<string, string | undefined> = {
    From: call.from,
    To: call.to,
    from_number: call.from,
    caller_withheld: call.callerWithheld === true ? 'true' : undefined,
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

/**
 * The messages of one stream to the assistant, in Twilio's Media Streams format. Counters are texts there,
 * `sequenceNumber` counts all messages but `connected` from 1.
 */
export interface MediaStream {
  connected(): string;
  start(parameters: Readonly<Record<string, string>>): string;
  /** One frame from the caller. The buffer is reused: it is valid until the next call. */
  media(muLaw: Buffer, timestampMs: number): Buffer;
  dtmf(digit: string): string;
  mark(name: string): string;
  stop(): string;
}

export function startMediaStream(identity: StreamIdentity): MediaStream {
  const { accountSid, callSid, streamSid } = identity;
  let sequence = 0;
  let chunk = 0;
  const next = (): string => String(++sequence);

  const hot = hotMediaMessage(streamSid);

  return {
    connected: () => '{"event":"connected","protocol":"Call","version":"1.0.0"}',
    start: (parameters) =>
      JSON.stringify({
        event: 'start',
        sequenceNumber: next(),
        streamSid,
        start: {
          streamSid,
          accountSid,
          callSid,
          tracks: ['inbound'],
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
          customParameters: parameters,
        },
      }),
    media(muLaw, timestampMs) {
      sequence += 1;
      chunk += 1;
      return hot(sequence, chunk, timestampMs, muLaw);
    },
    dtmf: (digit) =>
      JSON.stringify({ event: 'dtmf', sequenceNumber: next(), streamSid, dtmf: { track: 'inbound_track', digit } }),
    mark: (name) => JSON.stringify({ event: 'mark', sequenceNumber: next(), streamSid, mark: { name } }),
    stop: () => JSON.stringify({ event: 'stop', sequenceNumber: next(), streamSid, stop: { accountSid, callSid } }),
  };
}

/**
 * The one message that goes out fifty times a second and call. Its constant parts stay where they are in the buffer and
 * move only when a counter gains a digit.
 */
function hotMediaMessage(
  streamSid: string,
): (sequence: number, chunk: number, timestampMs: number, muLaw: Buffer) => Buffer {
  const parts = [
    '{"event":"media","sequenceNumber":"',
    `","streamSid":${JSON.stringify(streamSid)},"media":{"track":"inbound","chunk":"`,
    '","timestamp":"',
    '","payload":"',
    '"}}',
  ] as const;
  let digits: [number, number, number] = [0, 0, 0];
  let at: [sequence: number, chunk: number, timestamp: number, payload: number] = [0, 0, 0, 0];
  let message = Buffer.alloc(0);

  const layOut = (sequence: number, chunk: number, timestamp: number): void => {
    digits = [sequence, chunk, timestamp];
    const gap = '0';
    const text = [
      parts[0],
      gap.repeat(sequence),
      parts[1],
      gap.repeat(chunk),
      parts[2],
      gap.repeat(timestamp),
      parts[3],
      gap.repeat(base64Length(FRAME_BYTES)),
      parts[4],
    ];
    const begins = text.map((_, index) => Buffer.byteLength(text.slice(0, index).join('')));
    at = [begins[1]!, begins[3]!, begins[5]!, begins[7]!];
    message = Buffer.from(text.join(''));
  };

  return (sequence, chunk, timestampMs, muLaw) => {
    const ofSequence = digitsOf(sequence),
      ofChunk = digitsOf(chunk),
      ofTimestamp = digitsOf(timestampMs);
    if (ofSequence !== digits[0] || ofChunk !== digits[1] || ofTimestamp !== digits[2])
      layOut(ofSequence, ofChunk, ofTimestamp);
    writeNumber(message, at[0], ofSequence, sequence);
    writeNumber(message, at[1], ofChunk, chunk);
    writeNumber(message, at[2], ofTimestamp, timestampMs);
    encodeBase64(muLaw, message, at[3]);
    return message;
  };
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits += 1;
  return digits;
}

/** A whole number from 0 to 2³²: as milliseconds 49 days. Within that V8 divides without a division. */
function writeNumber(target: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    const above = (rest / 10) >>> 0;
    target[index] = 48 + (rest - above * 10);
    rest = above;
  }
}
