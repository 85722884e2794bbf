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
 *  A mark is a few bytes of the assistant's choice that we must keep: a number of them that no speech needs is refused.
 */
const MAX_MARKS = 1_000;

export interface PlayoutQueueOptions {
  /** Longest speech that is kept; default 60 s. */
  maxSeconds?: number;
  /**
   *  The audio before this mark has been heard to its end, or will never be. Called in the order in which they were
   *  set.
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
export interface PlayoutQueue {
  /** The first `length` bytes of mu-law. Gives how many of the oldest bytes had to go for it. */
  add(audio: Buffer, length: number): number;
  /** False: too many marks are waiting already. */
  mark(name: string): boolean;
  /** Barge-in: nothing of what is queued will be heard. Its marks come back at once. */
  clear(): void;
  /** So many frames were never asked for: within a speech the caller heard a gap. */
  missed(frames: number): void;
  /** Nobody is there any more to hear of the marks: empties without a word. */
  reset(): void;
  /**
   *  Fills the next frame as little-endian L16, with silence where there is nothing to say; gives the samples of speech
   *  in it. Calling it says that the frame before has been played.
   */
  take(l16: Uint8Array): number;
  readonly queuedBytes: number;
  /** In the middle of a speech, and less than a frame is there. */
  readonly runsShort: boolean;
  readonly counts: Readonly<PlayoutCounts>;
}

export function createPlayoutQueue({ maxSeconds = 60, onMark }: PlayoutQueueOptions): PlayoutQueue {
  const maxBytes = maxSeconds * BYTES_PER_SECOND;
  const counts: PlayoutCounts = {
    speechFrames: 0,
    silentFrames: 0,
    underruns: 0,
    caughtUpFrames: 0,
    refusedBytes: 0,
    clearedBytes: 0,
    deepestBytes: 0,
    refusedMarks: 0,
  };
  /** Its size is a power of two: `& (length - 1)` takes an index round. */
  let ring = new Uint8Array(SMALLEST_RING);
  let head = 0;
  let size = 0;
  /**
   *  Positions in everything that was ever added: what went into frames (or was refused), and what of that the caller
   *  has heard to its end.
   */
  let taken = 0;
  let heard = 0;
  const markNames: string[] = [];
  const markPositions: number[] = [];
  /** Frames with silence in them since the last one that was full of speech. */
  let quiet = Infinity;
  /**
   * Frames of silence that the caller heard within a speech and that nobody meant. What came late waits in the queue,
   * so that an assistant who speaks in real time would stay behind by the longest gap there ever was: as many silent
   * frames are left out where its own pauses are.
   */
  let debt = 0;

  const giveMarksBack = (): void => {
    while (markNames.length > 0 && markPositions[0]! <= heard) {
      markPositions.shift();
      onMark(markNames.shift()!);
    }
  };

  const resize = (capacity: number): void => {
    const wider = new Uint8Array(capacity);
    for (let index = 0; index < size; index += 1) wider[index] = ring[(head + index) & (ring.length - 1)]!;
    ring = wider;
    head = 0;
  };

  const drop = (bytes: number): void => {
    head = (head + bytes) & (ring.length - 1);
    size -= bytes;
    taken += bytes;
  };

  const empty = (): void => {
    drop(size);
    heard = taken;
    quiet = Infinity;
    debt = 0;
    if (ring.length > SMALLEST_RING) resize(SMALLEST_RING);
  };

  const nextIsSilent = (): boolean => {
    for (let index = 0; index < FRAME_BYTES; index += 1)
      if ((ring[(head + index) & (ring.length - 1)]! & 0x7f) < QUIETEST_CODES) return false;
    return true;
  };

  /** One at a time: a pause gets shorter and does not vanish. */
  const catchUp = (): void => {
    if (size < 2 * FRAME_BYTES || !nextIsSilent()) return;
    drop(FRAME_BYTES);
    debt -= 1;
    counts.caughtUpFrames += 1;
  };

  /** Room for `bytes` more, at the cost of the oldest. Gives what of the new audio itself is too old to be kept. */
  const makeRoom = (bytes: number): number => {
    const surplus = Math.max(0, size + bytes - maxBytes);
    const ofTheQueue = Math.min(surplus, size);
    drop(ofTheQueue);
    taken += surplus - ofTheQueue;
    counts.refusedBytes += surplus;
    const needed = size + bytes - (surplus - ofTheQueue);
    if (needed > ring.length) resize(2 ** Math.ceil(Math.log2(needed)));
    return surplus - ofTheQueue;
  };

  return {
    add(audio, length) {
      if (length === 0) return 0;
      if (size === 0 && quiet >= 1 && quiet <= GAP_FRAMES) {
        counts.underruns += 1;
        debt += quiet;
      }
      const refusedBefore = counts.refusedBytes;
      const skipped = makeRoom(length);
      const end = (head + size) & (ring.length - 1);
      const beforeTheWrap = audio.copy(ring, end, skipped, Math.min(length, skipped + ring.length - end));
      if (skipped + beforeTheWrap < length) audio.copy(ring, 0, skipped + beforeTheWrap, length);
      size += length - skipped;
      counts.deepestBytes = Math.max(counts.deepestBytes, size);
      return counts.refusedBytes - refusedBefore;
    },
    mark(name) {
      if (markNames.length >= MAX_MARKS) {
        counts.refusedMarks += 1;
        return false;
      }
      markNames.push(name);
      markPositions.push(taken + size);
      giveMarksBack();
      return true;
    },
    clear() {
      counts.clearedBytes += size;
      empty();
      giveMarksBack();
    },
    missed(frames) {
      if (size > 0 || quiet <= GAP_FRAMES) debt += frames;
    },
    reset() {
      empty();
      markNames.length = 0;
      markPositions.length = 0;
    },
    take(l16) {
      heard = taken;
      if (markNames.length > 0) giveMarksBack();
      if (debt > 0) catchUp();
      const speech = Math.min(FRAME_BYTES, size);
      const source = ring,
        wrap = ring.length - 1,
        begin = head;
      for (let index = 0; index < speech; index += 1) writeMuLawSample(source[(begin + index) & wrap]!, l16, 2 * index);
      if (speech < FRAME_BYTES) l16.fill(0, 2 * speech, FRAME_L16_BYTES);
      drop(speech);
      if (size === 0 && ring.length > SMALLEST_RING) resize(SMALLEST_RING);
      if (speech > 0) counts.speechFrames += 1;
      else counts.silentFrames += 1;
      quiet = speech > 0 ? Number(speech < FRAME_BYTES) : quiet + 1;
      if (quiet > GAP_FRAMES) debt = 0;
      return speech;
    },
    get queuedBytes() {
      return size;
    },
    get runsShort() {
      return size < FRAME_BYTES && quiet === 0;
    },
    get counts() {
      return counts;
    },
  };
}
