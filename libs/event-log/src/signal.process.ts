/** Wakes one loop. A notice between two waits is not lost: the next wait ends at once. */
export interface Signal {
  notify(): void;
  /** Ends with the next notice, or after the time. */
  wait(ms: number): Promise<void>;
}

export function signal(): Signal {
  let noticed = false;
  let wake: (() => void) | undefined;
  return {
    notify() {
      noticed = true;
      wake?.();
    },
    async wait(ms) {
      if (!noticed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      noticed = false;
    },
  };
}
