/**
 * A queue in front of the connection pool: where no connection is free, a request waits for a bounded time. The pool's
 * own timeout is that of connecting, which must be short.
 */
export interface ConnectionQueue {
  /**
   * Resolves when a connection is free, with the function that gives it back. Rejects with `refusal()` after the
   * deadline, or on `refuseAll`.
   */
  enter(): Promise<() => void>;
  /** Refuses all that wait: the database is gone, and each would fail in turn. */
  refuseAll(): void;
}

interface Waiting {
  proceed: () => void;
  refuse: () => void;
}

export function connectionQueue(options: {
  connections: number;
  deadlineMs: number;
  refusal: () => Error;
}): ConnectionQueue {
  let free = options.connections;
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
    refuseAll: () => {
      for (const one of [...waiting]) one.refuse();
    },
  };
}
