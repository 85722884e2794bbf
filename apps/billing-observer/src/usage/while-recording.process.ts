import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';

export interface Repeating {
  /** Once the turn that is under way has ended. */
  stop(): Promise<void>;
}

export interface RepeatingOptions<Link> {
  /** Settles when calls are being recorded; where that never happens, there is no turn. */
  started: Promise<Link>;
  /** One turn; `everyMs` after it the next one begins. */
  turn(link: Link, signal: AbortSignal): Promise<unknown>;
  everyMs: number;
  /** After a turn that failed. Default: `everyMs`. */
  retryMs?: number;
  logger: Logger;
  /** What it cannot do, in the log. */
  failed: string;
}

/** Work that is repeated while calls are being recorded, one turn after the other, until it is stopped. */
export function whileRecording<Link>(options: RepeatingOptions<Link>): Repeating {
  const { everyMs, retryMs = everyMs, logger, failed } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> | undefined;

  const turn = async (link: Link): Promise<number> => {
    try {
      await options.turn(link, signal);
      return everyMs;
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, failed);
      return retryMs;
    }
  };
  const run = async (link: Link): Promise<void> => {
    while (!signal.aborted) await pause(await turn(link), undefined, { signal, ref: false }).catch(() => undefined);
  };
  options.started.then(
    (link) => {
      running = run(link);
    },
    () => undefined,
  );
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
