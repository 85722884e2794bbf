import { createSocket, type Socket } from 'node:dgram';
import { decode, encode, PAYLOAD_TYPES, type Codec } from './g711.js';
import { readDigit, readRtp, writeDigit, writeRtp } from './rtp-packet.js';
import { FRAME_MS, FRAME_SAMPLES, framesOf, SAMPLE_RATE } from './tone.js';

/** `at`: `performance.now()` when the packet came or went. */
export interface AudioFrame {
  samples: Int16Array;
  at: number;
}

export interface HeardPacket extends AudioFrame {
  sequence: number;
  timestamp: number;
  codec: Codec;
}

/**
 * The audio of a caller: a telephone without a signalling of its own. From its first packet's arrival it sends one
 * every 20 ms, silence where it has nothing to say. It understands both codecs, whichever it speaks.
 */
export interface RtpPeer {
  readonly address: string;
  readonly port: number;
  readonly codec: Codec;
  /** Packets, in the order of arrival; as long as the other side makes them. */
  readonly heard: readonly HeardPacket[];
  /** Digits that came by RFC 4733. */
  readonly digits: string;
  /** The same; `timestamp`: of the packets of the digit, when it began, in samples. */
  readonly keys: readonly { digit: string; timestamp: number }[];
  /** Frames of speech that went out. */
  readonly said: readonly AudioFrame[];
  /** Where to send; without it to where the first packet comes from. */
  sendTo(address: string, port: number): void;
  /** Where it sends to. */
  readonly target: { address: string; port: number } | undefined;
  /** From its next packet on: what it speaks, and how much a packet holds (10 to 60 ms). */
  speak(how: { codec?: Codec; packetMs?: number }): void;
  /** It sends nothing, and goes on where it was. */
  pause(): void;
  resume(): void;
  /** From now on every nth packet gets lost on its way; undefined: none. */
  loseEvery(nth: number | undefined): void;
  /** Whole frames, after what waits already. */
  say(samples: Int16Array): void;
  /** Keys, after what waits already. */
  press(digits: string): void;
  close(): Promise<void>;
}

/** As in the SDP to FreeSWITCH. */
export const DTMF_PAYLOAD_TYPE = 101;
const DIGIT_FRAMES = 5;
/** RFC 4733 §2.5.1.4: the last packet is sent three times, so that it arrives. */
const ENDS = 3;
/** Between two digits. */
const REST_FRAMES = 4;

type Due = { frame: Int16Array } | { digit: string; nth: number } | 'rest';

export interface RtpPeerOptions {
  address?: string;
  port?: number;
  codec?: Codec;
  packetMs?: number;
}

export async function openRtpPeer(options: RtpPeerOptions = {}): Promise<RtpPeer> {
  const { address = '127.0.0.1', port = 0, codec = 'PCMU', packetMs = FRAME_MS } = options;
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, resolve);
  });
  socket.on('error', () => undefined);
  const heard: HeardPacket[] = [];
  const sender = new Sender(socket, { codec, packetMs });
  const keys: { digit: string; timestamp: number }[] = [];
  let closing: Promise<void> | undefined;
  socket.on('message', (datagram, from) => {
    const packet = readRtp(datagram);
    if (packet === undefined) return;
    sender.begin(from.address, from.port);
    const { payloadType, sequence, timestamp, payload } = packet;
    const by = CODECS.find((one) => PAYLOAD_TYPES[one] === payloadType);
    const at = performance.now();
    if (by !== undefined) heard.push({ samples: decode(by, payload), at, sequence, timestamp, codec: by });
    if (payloadType !== DTMF_PAYLOAD_TYPE || timestamp === keys.at(-1)?.timestamp) return;
    const digit = readDigit(payload)?.digit;
    if (digit !== undefined) keys.push({ digit, timestamp });
  });
  return {
    address,
    heard,
    said: sender.said,
    get codec() {
      return sender.how.codec;
    },
    get target() {
      return sender.target;
    },
    port: socket.address().port,
    keys,
    get digits() {
      return keys.map(({ digit }) => digit).join('');
    },
    sendTo: (host, at) => {
      sender.begin(host, at);
    },
    speak: (how) => {
      Object.assign(sender.how, how);
    },
    pause: () => {
      sender.paused = true;
    },
    resume: () => {
      sender.paused = false;
    },
    loseEvery: (nth) => {
      sender.loses = nth;
    },
    say: (samples) => {
      for (const frame of framesOf(samples)) sender.due.push({ frame });
    },
    press(keys) {
      for (const digit of keys) {
        for (let nth = 0; nth < DIGIT_FRAMES + ENDS; nth += 1) sender.due.push({ digit, nth });
        for (let nth = 0; nth < REST_FRAMES; nth += 1) sender.due.push('rest');
      }
    },
    close() {
      sender.stop();
      return (closing ??= new Promise((resolve) => {
        socket.close(() => resolve());
      }));
    },
  };
}

const CODECS = Object.keys(PAYLOAD_TYPES) as Codec[];

class Sender {
  readonly due: Due[] = [];
  readonly said: AudioFrame[] = [];
  paused = false;
  loses: number | undefined;
  target: { address: string; port: number } | undefined;
  /** What is left of the frame that the last packet began. */
  private left = new Int16Array(0);
  private timer: NodeJS.Timeout | undefined;
  private sequence = Math.floor(Math.random() * 2 ** 16);
  private timestamp = 0;
  private digitBegan = 0;
  private readonly ssrc = Math.floor(Math.random() * 2 ** 32);

  constructor(
    private readonly socket: Socket,
    readonly how: { codec: Codec; packetMs: number },
  ) {}

  begin(address: string, port: number): void {
    if (this.target !== undefined) return;
    this.target = { address, port };
    this.run(performance.now());
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** Reckoned from the packet before: an interval's lateness would add up. */
  private run(at: number): void {
    this.timer = setTimeout(
      () => {
        const { packetMs } = this.how;
        if (!this.paused) this.sendPacket(packetMs);
        this.timestamp += (packetMs * SAMPLE_RATE) / 1_000;
        this.run(at + packetMs);
      },
      Math.max(0, at - performance.now()),
    );
  }

  private sendPacket(packetMs: number): void {
    const [next] = this.due;
    if (this.left.length === 0 && next !== undefined && next !== 'rest' && 'digit' in next) {
      this.due.shift();
      return this.sendDigit(next);
    }
    const { codec } = this.how;
    const samples = this.speech((packetMs * SAMPLE_RATE) / 1_000);
    this.send(PAYLOAD_TYPES[codec], encode(codec, samples), { timestamp: this.timestamp });
  }

  /** What is said next, and silence where that is less. */
  private speech(length: number): Int16Array {
    const samples = new Int16Array(length);
    for (let at = 0; at < length;) {
      if (this.left.length === 0 && !this.nextFrame()) break;
      const part = this.left.subarray(0, length - at);
      samples.set(part, at);
      at += part.length;
      this.left = this.left.subarray(part.length);
    }
    return samples;
  }

  private nextFrame(): boolean {
    const [next] = this.due;
    if (next === undefined || (next !== 'rest' && 'digit' in next)) return false;
    this.due.shift();
    this.left = next === 'rest' ? new Int16Array(FRAME_SAMPLES) : next.frame.slice();
    if (next !== 'rest') this.said.push({ samples: next.frame, at: performance.now() });
    return true;
  }

  private sendDigit({ digit, nth }: { digit: string; nth: number }): void {
    if (nth === 0) this.digitBegan = this.timestamp;
    const lasted = Math.min(nth + 1, DIGIT_FRAMES) * FRAME_SAMPLES;
    const payload = writeDigit(digit, lasted, nth >= DIGIT_FRAMES);
    this.send(DTMF_PAYLOAD_TYPE, payload, { timestamp: this.digitBegan, marker: nth === 0 });
  }

  private send(payloadType: number, payload: Buffer, of: { timestamp: number; marker?: boolean }): void {
    const { timestamp, marker = false } = of;
    this.sequence = (this.sequence + 1) & 0xffff;
    if (this.loses !== undefined && this.sequence % this.loses === 0) return;
    const packet = writeRtp({ payloadType, marker, sequence: this.sequence, timestamp, ssrc: this.ssrc, payload });
    this.socket.send(packet, this.target!.port, this.target!.address, () => undefined);
  }
}
