/** The timing of the comparison loop. */

/** Runs `work` after each wake, never concurrently; wakes during `pause` or `work` cause one further run. */
export function oneAtATime(
  pause: () => Promise<void>,
  work: () => Promise<void>,
): { wake(): void; stop(): Promise<void> } {
  let wanted = false;
  let stopped = false;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (wanted && !stopped) {
      await pause();
      wanted = false;
      await work();
    }
    running = undefined;
  };
  return {
    wake() {
      wanted = true;
      if (!stopped) running ??= run();
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/**
 * Reloads may take two seconds out of four at once, and in the long run half of the time: reading XML keeps a core of
 * FreeSWITCH's host busy.
 */
const BURST_MS = 2_000;
const SHARE = 0.5;

export function reloadLoad(): { add(tookMs: number): void; rest(): number } {
  let level = 0;
  let at = performance.now();
  const decay = (): void => {
    const now = performance.now();
    level = Math.max(0, level - (now - at) * SHARE);
    at = now;
  };
  return {
    add(tookMs) {
      decay();
      level += tookMs;
    },
    rest() {
      decay();
      return Math.max(0, (level - BURST_MS) / SHARE);
    },
  };
}

/** One timer; setting it again reschedules it. */
export function alarm(ring: () => void): { set(afterMs: number): void; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    set(afterMs) {
      clearTimeout(timer);
      timer = setTimeout(ring, afterMs);
    },
    clear: () => {
      clearTimeout(timer);
    },
  };
}
