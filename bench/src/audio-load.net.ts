import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer, type WebSocket } from 'ws';
import type { CallAddresses } from './audio-relay.process.js';

const FRAME_MS = 20;
/** Frames of which the times are kept, a call: a frame that takes longer than this to come back is lost. */
const REMEMBERED = 256;
/**
 * Mu-law codes that keep their value through L16, and the samples that they stand for: sixteen of them write a frame's
 * number.
 */
const DIGIT_CODE = 0x80;
const DIGITS = 8;
const SAMPLES = Array.from({ length: 16 }, (_, digit) => sampleOf(DIGIT_CODE + digit));

/** G.711, table 2a, for the codes of the loudest segment. */
function sampleOf(code: number): number {
  const inverted = ~code & 0xff;
  return (((((inverted & 0xf) << 1) + 33) << ((inverted >> 4) & 7)) - 33) * 4;
}

/** Telephone speech: a second of it, then half a second of pause. */
const SPEECH_FRAMES = 50;
const PERIOD_FRAMES = 75;
const PAUSE = Buffer.alloc(320);
const SETTLE_MS = 300;

/**
 * Milliseconds: caller to assistant, and back. Frames of speech that were sent and came back; all frames that reached
 * the assistant, pauses too.
 */
export interface Latencies {
  up: number[];
  down: number[];
  sent: number;
  heard: number;
  carried: number;
}
export const noLatencies = (): Latencies => ({ up: [], down: [], sent: 0, heard: 0, carried: 0 });

interface Caller {
  socket: Socket;
  frame: Buffer;
  sent: number;
  begin: number;
  sentAt: Float64Array;
  echoedAt: Float64Array;
}

/**
 * FreeSWITCH and the assistant of all calls: sends 20 ms frames, echoes them at the other end, and takes the time of
 * each way.
 */
export class AudioLoad {
  private readonly callers: Caller[] = [];
  private readonly ticking: NodeJS.Timeout;
  private now = noLatencies();
  private speaking = false;

  static async start(): Promise<AudioLoad> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await once(server, 'listening');
    return new AudioLoad(server);
  }

  private constructor(private readonly server: WebSocketServer) {
    server.on('connection', (ws) => echo(ws, (number) => this.heardByAssistant(number)));
    this.ticking = setInterval(() => this.sendDue(), 2);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async attach(calls: readonly CallAddresses[]): Promise<void> {
    for (const { freeswitch, relay } of calls) {
      const socket = createSocket('udp4').bind(freeswitch, '127.0.0.1');
      await once(socket, 'listening');
      // The relay is gone before its load is.
      socket.on('error', () => {});
      // A connected socket sends at once; any other looks the address up first, and the frame would have been written
      // anew by then.
      socket.connect(relay, '127.0.0.1');
      await once(socket, 'connect');
      const caller = newCaller(socket);
      this.callers.push(caller);
      socket.on('message', (datagram) => this.heardByCaller(caller, datagram));
    }
  }

  /** The callers speak for that long. Adds what is measured. */
  async speak(ms: number, to = noLatencies()): Promise<void> {
    // Spread over the 20 ms, as calls are that began at any time.
    for (const caller of this.callers)
      caller.begin = performance.now() + Math.random() * FRAME_MS - caller.sent * FRAME_MS;
    this.now = to;
    this.speaking = true;
    await sleep(ms);
    this.speaking = false;
  }

  /** Until the last frames have come back. */
  settle(): Promise<void> {
    return sleep(SETTLE_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.ticking);
    for (const { socket } of this.callers) socket.close();
    for (const ws of this.server.clients) ws.terminate();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private heardByAssistant(number: number | undefined): void {
    this.now.carried += 1;
    if (number === undefined) return;
    const caller = this.callers[number >>> 20];
    if (!caller) return;
    const slot = number % REMEMBERED;
    caller.echoedAt[slot] = performance.now();
    this.now.up.push(caller.echoedAt[slot]! - caller.sentAt[slot]!);
  }

  private heardByCaller(caller: Caller, datagram: Buffer): void {
    const number = readNumber(datagram);
    if (number === undefined) return;
    this.now.heard += 1;
    this.now.down.push(performance.now() - caller.echoedAt[number % REMEMBERED]!);
  }

  private sendDue(): void {
    if (!this.speaking) return;
    for (const [index, caller] of this.callers.entries())
      while (caller.begin + caller.sent * FRAME_MS <= performance.now()) this.sendFrame(index, caller);
  }

  private sendFrame(index: number, caller: Caller): void {
    if (caller.sent % PERIOD_FRAMES < SPEECH_FRAMES) {
      writeNumber(caller.frame, index * 2 ** 20 + (caller.sent % 2 ** 20));
      caller.sentAt[caller.sent % REMEMBERED] = performance.now();
      caller.socket.send(caller.frame);
      this.now.sent += 1;
    } else caller.socket.send(PAUSE);
    caller.sent += 1;
  }
}

const newCaller = (socket: Socket): Caller => ({
  socket,
  frame: Buffer.alloc(320),
  sent: 0,
  begin: 0,
  sentAt: new Float64Array(REMEMBERED),
  echoedAt: new Float64Array(REMEMBERED),
});

const PAYLOAD = '"payload":"';

/** Sends each frame back as it came. The number's codes stand in the first twelve characters; a pause has none. */
function echo(ws: WebSocket, onFrame: (number: number | undefined) => void): void {
  let streamSid = '';
  ws.on('message', (data: Buffer) => {
    const text = data.toString('latin1');
    const at = text.indexOf(PAYLOAD);
    if (at < 0) {
      streamSid = (JSON.parse(text) as { streamSid?: string }).streamSid ?? streamSid;
      return;
    }
    const payload = text.slice(at + PAYLOAD.length, text.length - 3);
    ws.send(`{"event":"media","streamSid":"${streamSid}","media":{"payload":"${payload}"}}`);
    const codes = Buffer.from(payload.slice(0, 12), 'base64');
    if (codes[0]! >= DIGIT_CODE + 16) return onFrame(undefined);
    let number = 0;
    for (let digit = 0; digit < DIGITS; digit += 1) number = number * 16 + (codes[digit]! - DIGIT_CODE);
    onFrame(number);
  });
}

function writeNumber(frame: Buffer, number: number): void {
  for (let digit = DIGITS - 1, rest = number; digit >= 0; digit -= 1, rest = Math.floor(rest / 16))
    frame.writeInt16LE(SAMPLES[rest % 16]!, 2 * digit);
}

/** Undefined: silence, or another frame's end. */
function readNumber(datagram: Buffer): number | undefined {
  let number = 0;
  for (let digit = 0; digit < DIGITS; digit += 1) {
    const value = SAMPLES.indexOf(datagram.readInt16LE(2 * digit));
    if (value < 0) return undefined;
    number = number * 16 + value;
  }
  return number;
}
