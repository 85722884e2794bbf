/** How much an assistant may send in one burst: several times the queue's size. */
const BURST_BYTES = 4 * 1024 * 1024;
/** The sustained rate: ten times that of speech. */
const BYTES_PER_MS = 128;
/** Reading a message costs time, however short it is. */
const BYTES_OF_A_MESSAGE = 100;

/** Limits how much processor time one flooding assistant can take from the other calls of this host. */
export interface ByteBudget {
  /** False when the budget is exceeded: stop reading. */
  spend(bytes: number, now: number): boolean;
  /** Milliseconds until reading may continue; 0 means now. */
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
