import { writeMuLawSample } from './g711.js';

/** 20 ms of mu-law at 8 kHz. */
export const FRAME_BYTES = 160;
export const FRAME_L16_BYTES = 2 * FRAME_BYTES;
const BYTES_PER_SECOND = 8_000;
/** The size of an idle queue; it grows by doubling and shrinks after a long speech. */
const MIN_RING_BYTES = 8_192;
/** Audio that arrives this soon after the queue ran empty belongs to the same speech: the caller noticed a gap. */
const GAP_FRAMES = 10;
/** Mu-law codes without their sign, from here on: the lowest segment, 48 dB below the loudest. */
const QUIETEST_CODES = 0x70;
/** A mark is a few bytes that the assistant chooses and we must keep: more marks than any speech needs are refused. */
const MAX_MARKS = 1_000;

export interface PlayoutQueueOptions {
  /** The longest speech kept; default 60 s. */
  maxSeconds?: number;
  /** The audio before this mark has been played, or never will be. Called in the order in which the marks were set. */
  onMark(name: string): void;
}

/** Since the call's begin. Bytes are 1/8 ms of speech each. */
export interface PlayoutCounts {
  /** Frames with speech in them, and frames of silence. */
  speechFrames: number;
  silentFrames: number;
  /** Gaps within a speech. */
  underruns: number;
  /** Silent frames skipped to make up for such gaps. */
  caughtUpFrames: number;
  /** The oldest audio, dropped because the queue was full. */
  refusedBytes: number;
  clearedBytes: number;
  deepestBytes: number;
  refusedMarks: number;
}

/** Audio from the assistant that has not been played to the caller yet. */
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
  private ring = new Uint8Array(MIN_RING_BYTES);
  private head = 0;
  private size = 0;
  /** Positions in all audio ever added: taken into frames (or dropped), and played to the end. */
  private taken = 0;
  private played = 0;
  private readonly markNames: string[] = [];
  private readonly markPositions: number[] = [];
  /** Frames with silence in them since the last one that was full of speech. */
  private quiet = Infinity;
  /**
   * Unintended frames of silence within a speech. Late audio stays in the queue, so an assistant that speaks in real
   * time would remain delayed by its longest gap: as many silent frames are skipped in its own pauses.
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

  /** Within a speech, and less than a frame is queued. */
  get runsShort(): boolean {
    return this.size < FRAME_BYTES && this.quiet === 0;
  }

  /** Adds the first `length` bytes of mu-law. Returns how many of the oldest bytes were dropped to make room. */
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

  /** False when too many marks are waiting. */
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

  /** Barge-in: discards the queue and returns its marks at once. */
  clear(): void {
    this.counted.clearedBytes += this.size;
    this.empty();
    this.giveMarksBack();
  }

  /** The clock skipped this many frames: within a speech the caller noticed a gap. */
  missed(frames: number): void {
    if (this.size > 0 || this.quiet <= GAP_FRAMES) this.debt += frames;
  }

  /** Empties the queue without reporting marks, because the assistant is gone. */
  reset(): void {
    this.empty();
    this.markNames.length = 0;
    this.markPositions.length = 0;
  }

  /**
   * Fills the next frame as little-endian L16, padded with silence; returns the number of speech samples in it. A call
   * means that the previous frame has been played.
   */
  take(l16: Uint8Array): number {
    this.played = this.taken;
    if (this.markNames.length > 0) this.giveMarksBack();
    if (this.debt > 0) this.catchUp();
    const speech = Math.min(FRAME_BYTES, this.size);
    const source = this.ring,
      wrap = source.length - 1,
      begin = this.head;
    for (let index = 0; index < speech; index += 1) writeMuLawSample(source[(begin + index) & wrap]!, l16, 2 * index);
    if (speech < FRAME_BYTES) l16.fill(0, 2 * speech, FRAME_L16_BYTES);
    this.drop(speech);
    if (this.size === 0 && source.length > MIN_RING_BYTES) this.resize(MIN_RING_BYTES);
    if (speech > 0) this.counted.speechFrames += 1;
    else this.counted.silentFrames += 1;
    this.quiet = speech > 0 ? Number(speech < FRAME_BYTES) : this.quiet + 1;
    if (this.quiet > GAP_FRAMES) this.debt = 0;
    return speech;
  }

  private giveMarksBack(): void {
    while (this.markNames.length > 0 && this.markPositions[0]! <= this.played) {
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
    this.played = this.taken;
    this.quiet = Infinity;
    this.debt = 0;
    if (this.ring.length > MIN_RING_BYTES) this.resize(MIN_RING_BYTES);
  }

  private nextIsSilent(): boolean {
    const { ring, head } = this;
    for (let index = 0; index < FRAME_BYTES; index += 1)
      if ((ring[(head + index) & (ring.length - 1)]! & 0x7f) < QUIETEST_CODES) return false;
    return true;
  }

  /** One at a time, so that a pause gets shorter but does not vanish. */
  private catchUp(): void {
    if (this.size < 2 * FRAME_BYTES || !this.nextIsSilent()) return;
    this.drop(FRAME_BYTES);
    this.debt -= 1;
    this.counted.caughtUpFrames += 1;
  }

  /** Makes room for `bytes` more by dropping the oldest. Returns how much of the new audio itself must be dropped. */
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
