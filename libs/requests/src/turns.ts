/** Nobody waits who would wait in vain. */
export class TooManyWaiting extends Error {
  override readonly name = 'TooManyWaiting';
}

/** At most `width` pieces of work at once, and `waiting` behind them; what comes then is refused at once. */
export function inTurns(width: number, waiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const queue: (() => void)[] = [];
  const turn = async () => {
    if (running < width) {
      running += 1;
      return;
    }
    if (queue.length >= waiting) throw new TooManyWaiting('too many concurrent requests');
    await new Promise<void>((resolve) => {
      queue.push(resolve);
    });
  };
  const leave = () => {
    const next = queue.shift();
    // The place goes on to who waits, without being free in between.
    if (next === undefined) running -= 1;
    else next();
  };
  return async (work) => {
    await turn();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
