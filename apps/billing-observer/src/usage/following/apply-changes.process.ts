import type { Logger } from 'pino';
import { everyOne } from '../../every-one.js';

/** Applies what was put, by key, the newest alone; retries until it is applied. */
export interface Changes<Change> {
  put(key: string, change: Change): void;
  run(): void;
  stop(): Promise<void>;
}

export interface ChangesOptions<Change> {
  apply(changes: readonly Change[], signal: AbortSignal): Promise<unknown>;
  /** Also without a change now and then: another copy may have died before it was done. */
  afterwards?(signal: AbortSignal): Promise<unknown>;
  logger: Logger;
  /** What it cannot do, in the log. */
  failed: string;
}

const CHANGES_AT_ONCE = 500;
const RETRY_MS = 2_000;
const SWEEP_MS = 60_000;

export function applyChanges<Change>(options: ChangesOptions<Change>): Changes<Change> {
  const { logger, failed } = options;
  const waiting = new Map<string, Change>();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const applySome = async (some: readonly [string, Change][]): Promise<number> => {
    const { signal } = stopping;
    try {
      await options.apply(
        some.map(([, change]) => change),
        signal,
      );
    } catch (error) {
      if (some.length === 1 || signal.aborted) throw error;
      return everyOne(some, { what: 'changes', signal }, (one) => applySome([one]));
    }
    for (const [key, change] of some) if (waiting.get(key) === change) waiting.delete(key);
    return some.length;
  };
  /** Changes that cannot be applied hold up neither the others nor what comes afterwards. */
  const work = async () => {
    const steps: (() => Promise<unknown>)[] = [];
    const all = [...waiting];
    for (let from = 0; from < all.length; from += CHANGES_AT_ONCE)
      steps.push(() => applySome(all.slice(from, from + CHANGES_AT_ONCE)));
    if (options.afterwards !== undefined) steps.push(() => options.afterwards!(stopping.signal));
    await everyOne(steps, { what: 'steps', signal: stopping.signal }, async (step) => {
      await step();
      return 1;
    });
  };
  const run = () => {
    if (running !== undefined || stopping.signal.aborted) return;
    clearTimeout(timer);
    running = work()
      .then(
        () => (waiting.size > 0 ? 0 : SWEEP_MS),
        (error: unknown) => {
          if (!stopping.signal.aborted) logger.warn({ err: error }, failed);
          return RETRY_MS;
        },
      )
      .then((pause) => {
        running = undefined;
        if (!stopping.signal.aborted) timer = setTimeout(run, pause).unref();
      });
  };
  return {
    put: (key, change) => {
      waiting.set(key, change);
      run();
    },
    run,
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
