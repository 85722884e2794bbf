import type { SessionCounts } from './audio-session.js';
import { createCallPackets } from './call-packets.js';
import type { FramePlayer } from './frame-clock.process.js';
import { FRAME_BYTES, FRAME_L16_BYTES, PlayoutQueue } from './playout-queue.js';

/** Plays the assistant's audio to the caller, one frame every 20 ms. */
export class Playout implements FramePlayer {
  readonly queue: PlayoutQueue;
  readonly packets: ReturnType<typeof createCallPackets>;
  private readonly l16 = Buffer.alloc(FRAME_L16_BYTES);
  /** The clock's frame is due but not played yet: waiting for the assistant's frame. */
  private owed = false;

  constructor(
    private readonly counts: SessionCounts,
    private readonly elapsed: () => number,
    { onMark, onPacket }: { onMark(name: string): void; onPacket(packet: Uint8Array): void },
  ) {
    this.queue = new PlayoutQueue({ onMark });
    this.packets = createCallPackets(onPacket);
  }

  /** Adds the first `length` bytes of mu-law. Returns how many of the oldest bytes were dropped to make room. */
  add(audio: Buffer, length: number): number {
    const refused = this.queue.add(audio, length);
    if (this.owed && this.queue.queuedBytes >= FRAME_BYTES) this.settle();
    return refused;
  }

  /** The first frame of speech that waits does not wait for the clock of all calls as well. */
  begin(): void {
    if (this.queue.queuedBytes >= FRAME_BYTES) this.playOne();
  }

  settle(): void {
    if (!this.owed) return;
    this.owed = false;
    this.playOne();
  }

  play(frames: number, late: number, skipped: number): boolean {
    const { queue, counts } = this;
    this.settle();
    counts.framesOutLate += late;
    if (skipped > 0) {
      counts.framesOutLost += skipped;
      queue.missed(skipped);
    }
    this.owed = frames === 1 && queue.runsShort;
    if (this.owed) return true;
    this.playOne();
    for (let frame = 1; frame < frames; frame += 1) {
      // If this process was late, the assistant's audio waits unread: playing silence now would only delay it.
      if (queue.queuedBytes === 0) {
        queue.missed(frames - frame);
        break;
      }
      this.playOne();
    }
    return false;
  }

  private playOne(): void {
    if (this.queue.take(this.l16) > 0) this.counts.firstToCaller ??= this.elapsed();
    this.packets.push(this.l16);
  }
}
