import { writeMuLawSample } from './g711.js';

/** 20 ms of mu-law at 8 kHz. */
export const FRAME_BYTES = 160;
export const FRAME_L16_BYTES = 2 * FRAME_BYTES;
const BYTES_PER_SECOND = 8_000;
/** What a queue holds when nothing is said; it grows by doubling and gives back what a long speech took. */
const SMALLEST_RING = 8_192;
/** Audio that comes this soon after the queue ran dry belongs to the same speech: the caller heard a gap in it. */
const GAP_FRAMES = 10;
/** Mu-law codes without their sign, from here on: the lowest segment, 48 dB below the loudest. */
const QUIETEST_CODES = 0x70;
/**
 * A mark is a few bytes of the assistant's choice that we must keep: a number of them that no speech needs is refused.
 */
const MAX_MARKS = 1_000;

export interface PlayoutQueueOptions {
  /** Longest speech that is kept; default 60 s. */
  maxSeconds?: number;
  /**
   * The audio before this mark has been heard to its end, or will never be. Called in the order in which they were
   * set.
   */
  onMark(name: string): void;
}

/** Since the call's begin. Bytes are 1/8 ms of speech each. */
export interface PlayoutCounts {
  /** Frames with speech in them, and frames of silence. */
  speechFrames: number;
  silentFrames: number;
  /** Gaps within a speech. */
  underruns: number;
  /** Silent frames left out to make good such gaps. */
  caughtUpFrames: number;
  /** The oldest of a queue that grew too long. */
  refusedBytes: number;
  clearedBytes: number;
  deepestBytes: number;
  refusedMarks: number;
}

/** What the assistant said and the caller has not heard yet. */
export class PlayoutQueue {
  readonly counts: Readonly<PlayoutCounts>;
  private readonly counted: PlayoutCounts = {
    speechFrames: 0,
    silentFrames: 0,
    underruns: 0,
    caughtUpFrames: 0,
    refusedBytes: 0,
    clearedBytes: 0,
    deepestBytes: 0,
    refusedMarks: 0,
  };
  private readonly maxBytes: number;
  private readonly onMark: (name: string) => void;
  /** Its size is a power of two: `& (length - 1)` takes an index round. */
  private ring = new Uint8Array(SMALLEST_RING);
  private head = 0;
  private size = 0;
  /**
   * Positions in everything that was ever added: what went into frames (or was refused), and what of that the caller
   * has heard to its end.
   */
  private taken = 0;
  private heard = 0;
  private readonly markNames: string[] = [];
  private readonly markPositions: number[] = [];
  /** Frames with silence in them since the last one that was full of speech. */
  private quiet = Infinity;
  /**
   * Frames of silence that the caller heard within a speech and that nobody meant. What came late waits in the queue,
   * so that an assistant who speaks in real time would stay behind by the longest gap there ever was: as many silent
   * frames are left out where its own pauses are.
   */
  private debt = 0;

  constructor({ maxSeconds = 60, onMark }: PlayoutQueueOptions) {
    this.maxBytes = maxSeconds * BYTES_PER_SECOND;
    this.onMark = onMark;
    this.counts = this.counted;
  }

  get queuedBytes(): number {
    return this.size;
  }

  /** In the middle of a speech, and less than a frame is there. */
  get runsShort(): boolean {
    return this.size < FRAME_BYTES && this.quiet === 0;
  }

  /** The first `length` bytes of mu-law. Gives how many of the oldest bytes had to go for it. */
  add(audio: Buffer, length: number): number {
    if (length === 0) return 0;
    const { counted } = this;
    if (this.size === 0 && this.quiet >= 1 && this.quiet <= GAP_FRAMES) {
      counted.underruns += 1;
      this.debt += this.quiet;
    }
    const refusedBefore = counted.refusedBytes;
    const skipped = this.makeRoom(length);
    const { ring } = this;
    const end = (this.head + this.size) & (ring.length - 1);
    const beforeTheWrap = audio.copy(ring, end, skipped, Math.min(length, skipped + ring.length - end));
    if (skipped + beforeTheWrap < length) audio.copy(ring, 0, skipped + beforeTheWrap, length);
    this.size += length - skipped;
    counted.deepestBytes = Math.max(counted.deepestBytes, this.size);
    return counted.refusedBytes - refusedBefore;
  }

  /** False: too many marks are waiting already. */
  mark(name: string): boolean {
    if (this.markNames.length >= MAX_MARKS) {
      this.counted.refusedMarks += 1;
      return false;
    }
    this.markNames.push(name);
    this.markPositions.push(this.taken + this.size);
    this.giveMarksBack();
    return true;
  }

  /** Barge-in: nothing of what is queued will be heard. Its marks come back at once. */
  clear(): void {
    this.counted.clearedBytes += this.size;
    this.empty();
    this.giveMarksBack();
  }

  /** So many frames were never asked for: within a speech the caller heard a gap. */
  missed(frames: number): void {
    if (this.size > 0 || this.quiet <= GAP_FRAMES) this.debt += frames;
  }

  /** Nobody is there any more to hear of the marks: empties without a word. */
  reset(): void {
    this.empty();
    this.markNames.length = 0;
    this.markPositions.length = 0;
  }

  /**
   * Fills the next frame as little-endian L16, with silence where there is nothing to say; gives the samples of speech
   * in it. Calling it says that the frame before has been played.
   */
  take(l16: Uint8Array): number {
    this.heard = this.taken;
    if (this.markNames.length > 0) this.giveMarksBack();
    if (this.debt > 0) this.catchUp();
    const speech = Math.min(FRAME_BYTES, this.size);
    const source = this.ring,
      wrap = source.length - 1,
      begin = this.head;
    for (let index = 0; index < speech; index += 1) writeMuLawSample(source[(begin + index) & wrap]!, l16, 2 * index);
    if (speech < FRAME_BYTES) l16.fill(0, 2 * speech, FRAME_L16_BYTES);
    this.drop(speech);
    if (this.size === 0 && source.length > SMALLEST_RING) this.resize(SMALLEST_RING);
    if (speech > 0) this.counted.speechFrames += 1;
    else this.counted.silentFrames += 1;
    this.quiet = speech > 0 ? Number(speech < FRAME_BYTES) : this.quiet + 1;
    if (this.quiet > GAP_FRAMES) this.debt = 0;
    return speech;
  }

  private giveMarksBack(): void {
    while (this.markNames.length > 0 && this.markPositions[0]! <= this.heard) {
      this.markPositions.shift();
      this.onMark(this.markNames.shift()!);
    }
  }

  private resize(capacity: number): void {
    const { ring, head, size } = this;
    const wider = new Uint8Array(capacity);
    for (let index = 0; index < size; index += 1) wider[index] = ring[(head + index) & (ring.length - 1)]!;
    this.ring = wider;
    this.head = 0;
  }

  private drop(bytes: number): void {
    this.head = (this.head + bytes) & (this.ring.length - 1);
    this.size -= bytes;
    this.taken += bytes;
  }

  private empty(): void {
    this.drop(this.size);
    this.heard = this.taken;
    this.quiet = Infinity;
    this.debt = 0;
    if (this.ring.length > SMALLEST_RING) this.resize(SMALLEST_RING);
  }

  private nextIsSilent(): boolean {
    const { ring, head } = this;
    for (let index = 0; index < FRAME_BYTES; index += 1)
      if ((ring[(head + index) & (ring.length - 1)]! & 0x7f) < QUIETEST_CODES) return false;
    return true;
  }

  /** One at a time: a pause gets shorter and does not vanish. */
  private catchUp(): void {
    if (this.size < 2 * FRAME_BYTES || !this.nextIsSilent()) return;
    this.drop(FRAME_BYTES);
    this.debt -= 1;
    this.counted.caughtUpFrames += 1;
  }

  /** Room for `bytes` more, at the cost of the oldest. Gives what of the new audio itself is too old to be kept. */
  private makeRoom(bytes: number): number {
    const surplus = Math.max(0, this.size + bytes - this.maxBytes);
    const ofTheQueue = Math.min(surplus, this.size);
    this.drop(ofTheQueue);
    this.taken += surplus - ofTheQueue;
    this.counted.refusedBytes += surplus;
    const needed = this.size + bytes - (surplus - ofTheQueue);
    if (needed > this.ring.length) this.resize(2 ** Math.ceil(Math.log2(needed)));
    return surplus - ofTheQueue;
  }
}
