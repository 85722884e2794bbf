import { backoffMs } from '@trunkmesh/runtime/backoff.js';

export interface RetryQueue {
  /** Once is enough: what is waiting or under way is not added again. */
  add(key: string): void;
  size(): number;
  /** What is under way is waited for; what waits is left. */
  stop(): Promise<void>;
}

/** `again`: nothing failed, but it is not time yet. A rejection is tried again after a pause, for ever. */
export type Attempt = (key: string) => Promise<'done' | 'again'>;

export interface RetryQueueOptions {
  atOnce: number;
  attempt: Attempt;
  /**
   *  How long everything pauses after a failure that is behind all of it, a bucket or NATS. Undefined: it is this one's
   *  own, and only it rests.
   */
  pause: (error: unknown) => { firstMs: number; maxMs: number } | undefined;
  onFailure: (key: string, error: unknown) => void;
}

const AGAIN_MS = 500;
/** What fails by itself needs somebody who mends it. */
const OWN_MS = 60_000;

/** A few at once, in the order in which they came; one that failed goes to the end, so that it holds up no other. */
export function createRetryQueue({ atOnce, attempt, pause, onFailure }: RetryQueueOptions): RetryQueue {
  const waiting = new Set<string>();
  const resting = new Map<string, NodeJS.Timeout>();
  const running = new Map<string, Promise<void>>();
  let failures = 0;
  let paused: NodeJS.Timeout | undefined;
  let stopped = false;

  const rest = (key: string, ms: number): void => {
    if (stopped) return;
    resting.set(
      key,
      setTimeout(() => {
        resting.delete(key);
        add(key);
      }, ms),
    );
  };
  const failed = (key: string, error: unknown): void => {
    // A stop gives up what is under way: that is no failure.
    if (stopped) return;
    onFailure(key, error);
    const pauses = pause(error);
    if (pauses === undefined) return rest(key, OWN_MS);
    waiting.add(key);
    if (paused !== undefined) return;
    const ms = backoffMs(failures, Math.random(), pauses);
    failures += 1;
    paused = setTimeout(() => {
      paused = undefined;
      pump();
    }, ms);
  };
  const run = async (key: string): Promise<void> => {
    try {
      if ((await attempt(key)) === 'again') return rest(key, AGAIN_MS);
      failures = 0;
    } catch (error) {
      failed(key, error);
    }
  };
  function pump(): void {
    while (!stopped && paused === undefined && running.size < atOnce) {
      const [key] = waiting;
      if (key === undefined) return;
      waiting.delete(key);
      running.set(
        key,
        run(key).finally(() => {
          running.delete(key);
          pump();
        }),
      );
    }
  }
  function add(key: string): void {
    if (stopped || running.has(key) || resting.has(key)) return;
    waiting.add(key);
    pump();
  }
  return {
    add,
    size: () => waiting.size + running.size + resting.size,
    stop: async () => {
      stopped = true;
      clearTimeout(paused);
      for (const timer of resting.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
