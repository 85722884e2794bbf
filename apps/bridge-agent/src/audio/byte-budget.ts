/** What an assistant may send at once: several times what the queue holds. */
const BURST_BYTES = 4 * 1024 * 1024;
/** And in the long run: ten times what speech needs. */
const BYTES_PER_MS = 128;
/** Reading a message costs time, however short it is. */
const BYTES_OF_A_MESSAGE = 100;

/** Holds one assistant that floods us to a share of the processor, which all calls of the host have in common. */
export interface ByteBudget {
  /** False: overdrawn, stop reading. */
  spend(bytes: number, now: number): boolean;
  /** Until reading may go on; 0: now. */
  pauseMs(now: number): number;
}

export function createByteBudget(now: number): ByteBudget {
  let left = BURST_BYTES;
  let at = now;
  const refill = (time: number): void => {
    left = Math.min(BURST_BYTES, left + (time - at) * BYTES_PER_MS);
    at = time;
  };
  return {
    spend(bytes, time) {
      refill(time);
      left -= bytes + BYTES_OF_A_MESSAGE;
      return left >= 0;
    },
    pauseMs(time) {
      refill(time);
      return left >= 0 ? 0 : Math.ceil(-left / BYTES_PER_MS);
    },
  };
}
