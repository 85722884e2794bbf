/**
 *  In front of the pool: whoever finds no connection free waits his turn, a bounded time. The pool's own timeout is
 *  that of connecting, which must be short.
 */
export interface Line {
  /**
   *  Resolves when it is one's turn; the function leaves again. Rejects with `refusal()` after the deadline, or when
   *  all are turned away.
   */
  enter(): Promise<() => void>;
  /** There is nothing to wait for: everybody in the line would meet the same fate one after the other. */
  turnAway(): void;
}

interface Waiting {
  proceed: () => void;
  refuse: () => void;
}

export function startLine(options: { places: number; deadlineMs: number; refusal: () => Error }): Line {
  let free = options.places;
  const waiting = new Set<Waiting>();

  const leaver = () => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const [next] = waiting;
      if (next === undefined) free += 1;
      else next.proceed();
    };
  };

  return {
    enter: () => {
      if (free > 0) {
        free -= 1;
        return Promise.resolve(leaver());
      }
      return new Promise((resolve, reject) => {
        const gone = () => {
          clearTimeout(timer);
          waiting.delete(one);
        };
        const one: Waiting = {
          proceed: () => {
            gone();
            resolve(leaver());
          },
          refuse: () => {
            gone();
            reject(options.refusal());
          },
        };
        const timer = setTimeout(one.refuse, options.deadlineMs);
        waiting.add(one);
      });
    },
    turnAway: () => {
      for (const one of [...waiting]) one.refuse();
    },
  };
}
