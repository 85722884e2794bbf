import { Unicast, type AudioTap, type UnicastOptions } from './unicast.net.js';

/**
 * A channel's audio towards the program that drives its call. The loop in which the channel is parked serves one
 * `unicast`: once that has ended, only another loop takes a new one (recordings/inbound-codec-change.esl.txt).
 */
export class CallMedia {
  /** What the caller says next. */
  readonly words: Buffer[] = [];
  tap: AudioTap | undefined;
  private unicast: Unicast | undefined;
  private served = false;
  private readonly before: Buffer[] = [];
  private receivedBefore = 0;
  /** Settles when the channel reads its caller's packets again; undefined: it does. */
  private waiting: { untilRead: Promise<void>; read: () => void } | undefined;

  constructor(private readonly speaks: () => boolean) {}

  /** What came from the program, over all connections. */
  get heard(): readonly Buffer[] {
    return [...this.before, ...(this.unicast?.heard ?? [])];
  }
  /** Undefined: there was none. */
  get received(): number | undefined {
    return this.unicast === undefined && this.before.length === 0
      ? undefined
      : this.receivedBefore + (this.unicast?.received ?? 0);
  }

  async attach(options: UnicastOptions): Promise<void> {
    if (this.served) return;
    this.served = true;
    const caller = { speaks: this.speaks, words: this.words, stands: () => this.waiting !== undefined };
    this.unicast = await Unicast.open(options, caller, (from, l16) => this.tap?.(from, l16));
  }

  /** Without a word, and for as long as the loop lasts. */
  async end(): Promise<void> {
    const { unicast } = this;
    if (unicast === undefined) return;
    this.unicast = undefined;
    this.before.push(...unicast.heard);
    this.receivedBefore += unicast.received;
    await unicast.close();
  }

  async leaveLoop(): Promise<void> {
    await this.end();
    this.served = false;
  }

  /** All packets come from an address that is not the caller's: FreeSWITCH reads on and on, and does nothing else. */
  stand(): void {
    let read: () => void = () => undefined;
    this.waiting ??= {
      untilRead: new Promise((resolve) => {
        read = resolve;
      }),
      read: () => read(),
    };
  }

  /** The caller's answer to an INVITE of ours says where it is. */
  goOn(): void {
    this.waiting?.read();
    this.waiting = undefined;
  }

  get untilRead(): Promise<void> {
    return this.waiting?.untilRead ?? Promise.resolve();
  }
}
