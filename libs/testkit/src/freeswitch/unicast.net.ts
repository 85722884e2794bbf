import { createSocket, type Socket } from 'node:dgram';

export interface UnicastOptions {
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /** The call's own codec (PCMU, 160 bytes a frame) instead of L16 (320 bytes). */
  native: boolean;
}

/** Both ways of a call's audio, as it passes; L16. */
export type AudioTap = (from: 'caller' | 'program', l16: Buffer) => void;

/** Who is at the other end. */
export interface UnicastCaller {
  /** Whether it sends audio at all. */
  speaks: () => boolean;
  /** What it says next, L16; taken out as it is said. With the first of them it says nothing else any more. */
  words: Buffer[];
  /** FreeSWITCH itself does nothing for the call now. */
  stands: () => boolean;
}

const FRAME_MS = 20;
/** Of L16. */
const FRAME_BYTES = 320;
/** Of what was heard; a minute. */
const KEPT = 3_000;

/**
 * FreeSWITCH's `unicast`: a datagram with 20 ms of the caller's audio out every 20 ms, and what comes back goes into
 * the call. No RTP header. While the caller sends nothing, native mode sends 320 bytes of 0xFF.
 */
export class Unicast {
  /** Datagrams that came back. */
  received = 0;
  /** The first of them, as the caller hears them. */
  readonly heard: Buffer[] = [];
  sent = 0;
  /**
   * The rest of the caller's words. Undefined: it was given none yet, and sends frames that are identified by
   * their number.
   */
  private speech: Buffer | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly options: UnicastOptions,
    private readonly caller: UnicastCaller,
    private readonly tap: AudioTap | undefined,
  ) {}

  static async open(options: UnicastOptions, caller: UnicastCaller, tap?: AudioTap): Promise<Unicast> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(options.localPort, options.localAddress, resolve);
    });
    const unicast = new Unicast(socket, options, caller, options.native ? undefined : tap);
    socket.on('error', () => undefined);
    socket.on('message', (datagram) => {
      unicast.received += 1;
      unicast.tap?.('program', datagram);
      if (unicast.heard.length < KEPT) unicast.heard.push(datagram);
    });
    unicast.run(performance.now());
    return unicast;
  }

  /** Against the clock and not by an interval, whose lateness would add up. */
  private run(next: number): void {
    this.timer = setTimeout(
      () => {
        if (!this.caller.stands()) this.sendFrame();
        this.run(next + FRAME_MS);
      },
      Math.max(0, next + FRAME_MS - performance.now()),
    );
  }

  private sendFrame(): void {
    const frame = this.frame();
    this.tap?.('caller', frame);
    this.socket.send(frame, this.options.remotePort, this.options.remoteAddress, () => undefined);
    this.sent += 1;
  }

  private frame(): Buffer {
    const { words } = this.caller;
    if (words.length > 0) this.speech = Buffer.concat([this.speech ?? Buffer.alloc(0), ...words.splice(0)]);
    if (this.speech !== undefined) {
      const frame = Buffer.alloc(FRAME_BYTES);
      this.speech.copy(frame, 0, 0, FRAME_BYTES);
      this.speech = this.speech.subarray(FRAME_BYTES);
      return frame;
    }
    if (!this.options.native) return Buffer.alloc(FRAME_BYTES, this.caller.speaks() ? this.sent & 0x7f : 0);
    return this.caller.speaks() ? Buffer.alloc(160, this.sent & 0x7f) : Buffer.alloc(320, 0xff);
  }

  async close(): Promise<void> {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    await new Promise<void>((resolve) => {
      this.socket.close(resolve);
    });
  }
}
