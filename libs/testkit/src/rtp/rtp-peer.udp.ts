import { createSocket, type Socket } from 'node:dgram';
import { decode, encode, PAYLOAD_TYPES, type Codec } from './g711.js';
import { readDigit, readRtp, writeDigit, writeRtp } from './rtp-packet.js';
import { FRAME_MS, FRAME_SAMPLES, framesOf } from './tone.js';

/** `at`: `performance.now()` when the packet came or went. */
export interface AudioFrame { samples: Int16Array; at: number }

/** The audio of a caller: a telephone without a signalling of its own. From its first packet's arrival it sends a frame every 20 ms, silence where it has nothing to say. */
export interface RtpPeer {
  readonly address: string;
  readonly port: number;
  readonly codec: Codec;
  /** In the order of arrival. */
  readonly heard: readonly (AudioFrame & { sequence: number; timestamp: number })[];
  /** Digits that came by RFC 4733. */
  readonly digits: string;
  /** Frames of speech that went out. */
  readonly said: readonly AudioFrame[];
  /** Where to send; without it to where the first packet comes from. */
  sendTo(address: string, port: number): void;
  /** Whole frames, after what waits already. */
  say(samples: Int16Array): void;
  /** Keys, after what waits already. */
  press(digits: string): void;
  close(): Promise<void>;
}

/** As FreeSWITCH is told in the SDP. */
export const DTMF_PAYLOAD_TYPE = 101;
const DIGIT_FRAMES = 5;
/** RFC 4733 §2.5.1.4: the last packet is sent three times, so that it arrives. */
const ENDS = 3;
/** Between two digits. */
const REST_FRAMES = 4;

type Due = { frame: Int16Array } | { digit: string; nth: number } | 'rest';

export interface RtpPeerOptions { address?: string; port?: number; codec?: Codec }

export async function openRtpPeer({ address = '127.0.0.1', port = 0, codec = 'PCMU' }: RtpPeerOptions = {}): Promise<RtpPeer> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, resolve);
  });
  socket.on('error', () => undefined);
  const heard: (AudioFrame & { sequence: number; timestamp: number })[] = [];
  const sender = createSender(socket, codec);
  let digits = '';
  let closing: Promise<void> | undefined;
  let lastDigit: number | undefined;
  socket.on('message', (datagram, from) => {
    const packet = readRtp(datagram);
    if (packet === undefined) return;
    sender.begin(from.address, from.port);
    const { payloadType, sequence, timestamp, payload } = packet;
    if (payloadType === PAYLOAD_TYPES[codec]) heard.push({ samples: decode(codec, payload), at: performance.now(), sequence, timestamp });
    if (payloadType !== DTMF_PAYLOAD_TYPE || timestamp === lastDigit) return;
    lastDigit = timestamp;
    digits += readDigit(payload)?.digit ?? '';
  });
  return {
    address, codec, heard, said: sender.said,
    port: socket.address().port,
    get digits() { return digits; },
    sendTo: sender.begin,
    say: (samples) => { for (const frame of framesOf(samples)) sender.due.push({ frame }); },
    press(keys) {
      for (const digit of keys) {
        for (let nth = 0; nth < DIGIT_FRAMES + ENDS; nth += 1) sender.due.push({ digit, nth });
        for (let nth = 0; nth < REST_FRAMES; nth += 1) sender.due.push('rest');
      }
    },
    close() {
      sender.stop();
      return closing ??= new Promise((resolve) => { socket.close(() => resolve()); });
    },
  };
}

interface Sender {
  readonly due: Due[];
  readonly said: AudioFrame[];
  begin(address: string, port: number): void;
  stop(): void;
}

function createSender(socket: Socket, codec: Codec): Sender {
  const due: Due[] = [];
  const said: AudioFrame[] = [];
  const silence = encode(codec, new Int16Array(FRAME_SAMPLES));
  const ssrc = Math.floor(Math.random() * 2 ** 32);
  let target: { address: string; port: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sequence = Math.floor(Math.random() * 2 ** 16);
  let digitBegan = 0;

  const send = (payloadType: number, payload: Buffer, { timestamp, marker = false }: { timestamp: number; marker?: boolean }): void => {
    sequence = (sequence + 1) & 0xffff;
    socket.send(writeRtp({ payloadType, marker, sequence, timestamp, ssrc, payload }), target!.port, target!.address, () => undefined);
  };
  const sendFrame = (timestamp: number): void => {
    const next = due.shift();
    if (next === undefined || next === 'rest') return send(PAYLOAD_TYPES[codec], silence, { timestamp });
    if ('frame' in next) {
      said.push({ samples: next.frame, at: performance.now() });
      return send(PAYLOAD_TYPES[codec], encode(codec, next.frame), { timestamp });
    }
    if (next.nth === 0) digitBegan = timestamp;
    const lasted = Math.min(next.nth + 1, DIGIT_FRAMES) * FRAME_SAMPLES;
    send(DTMF_PAYLOAD_TYPE, writeDigit(next.digit, lasted, next.nth >= DIGIT_FRAMES), { timestamp: digitBegan, marker: next.nth === 0 });
  };
  /** Reckoned from the beginning: an interval's lateness would add up. */
  const run = (began: number, frame: number): void => {
    timer = setTimeout(() => {
      sendFrame(frame * FRAME_SAMPLES);
      run(began, frame + 1);
    }, Math.max(0, began + frame * FRAME_MS - performance.now()));
  };
  return {
    due, said,
    begin(address, port) {
      if (target !== undefined) return;
      target = { address, port };
      run(performance.now(), 0);
    },
    stop: () => { clearTimeout(timer); },
  };
}
