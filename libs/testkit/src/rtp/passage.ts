import { rms } from './tone.js';

/** What was said, found again in what was heard, frame by frame. Pure. */
export interface Passage {
  /** Of each frame that was said: the index of the heard frame that is it, in rising order; undefined: lost. */
  foundAt: readonly (number | undefined)[];
  lost: number;
  /**
   * Heard frames that are neither silence nor, in their place, a frame that was said: doubled, out of order, or
   * somebody else's.
   */
  foreign: number;
}

/** Louder than any codec's rendering of silence. */
const SILENCE = 100;
/**
 * The noise of two G.711 codecs one after the other is 35 dB below the tone; other frames of the same tone differ by
 * far more.
 */
const NOISE = 0.04;

/** A frame is looked for that far ahead: in half a second no frame of a `tellingTone` is like another. */
const AHEAD = 25;

/** Frames of 20 ms, which stay whole on their way. Silence between them is passed over. */
export function findPassage(said: readonly Int16Array[], heard: readonly Int16Array[]): Passage {
  const foundAt: (number | undefined)[] = said.map(() => undefined);
  let next = 0;
  let foreign = 0;
  heard.forEach((frame, index) => {
    if (isSilent(frame)) return;
    const ahead = said.slice(next, next + AHEAD).findIndex((candidate) => isSame(candidate, frame));
    if (ahead < 0) {
      foreign += 1;
      return;
    }
    foundAt[next + ahead] = index;
    next += ahead + 1;
  });
  return { foundAt, lost: foundAt.filter((at) => at === undefined).length, foreign };
}

export const isSilent = (frame: Int16Array): boolean => rms(frame) < SILENCE;

function isSame(said: Int16Array, heard: Int16Array): boolean {
  if (said.length !== heard.length) return false;
  return rms(said.map((sample, index) => sample - heard[index]!)) < NOISE * rms(said);
}
