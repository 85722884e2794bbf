import { FRAME_MS } from './frame-clock.js';

/** A frame that comes this long after the one before it is late: two and a half frames. */
const LATE_MS = 50;
/** A burst after a stop brings the delayed frames, so losses are judged only over this many frames. */
const WINDOW_FRAMES = 50;
/** A smaller difference comes from clock drift, not from loss. */
const LOST_FRAMES = 5;

/**
 * Finds lost and late frames of the caller. FreeSWITCH's datagrams carry no sequence number, so a frame counts as lost
 * when it should have arrived by now.
 */
export interface ArrivalWatch {
  /** One more frame at `now`: its time in the stream in milliseconds, which jumps over what was lost. */
  arrived(now: number): number;
  readonly late: number;
  readonly lost: number;
}

export function createArrivalWatch(): ArrivalWatch {
  let first: number | undefined;
  let last = 0;
  let position = 0;
  let late = 0;
  let lost = 0;
  let inWindow = 0;
  let leastBehind = Infinity;

  const closeWindow = (): void => {
    if (leastBehind >= LOST_FRAMES) {
      lost += leastBehind;
      position += leastBehind;
    }
    inWindow = 0;
    leastBehind = Infinity;
  };

  return {
    arrived(now) {
      first ??= now;
      if (position > 0 && now - last > LATE_MS) late += 1;
      last = now;
      leastBehind = Math.min(leastBehind, Math.floor((now - first) / FRAME_MS) - position);
      inWindow += 1;
      if (inWindow === WINDOW_FRAMES) closeWindow();
      const timestamp = position * FRAME_MS;
      position += 1;
      return timestamp;
    },
    get late() {
      return late;
    },
    get lost() {
      return lost;
    },
  };
}
