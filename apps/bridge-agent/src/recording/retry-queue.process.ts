import { backoffMs } from '@trunkmesh/runtime/backoff.js';

export interface RetryQueue {
  /** Adds a key, unless it is waiting or in progress already. */
  add(key: string): void;
  size(): number;
  /** Waits for attempts in progress and drops waiting keys. */
  stop(): Promise<void>;
}

/** `again`: nothing failed, but it is too early. A rejected attempt is retried after a pause, without a limit. */
export type Attempt = (key: string) => Promise<'done' | 'again'>;

export interface RetryQueueOptions {
  atOnce: number;
  attempt: Attempt;
  /**
   * How long all attempts pause after a failure of a shared dependency (the bucket or NATS). Undefined: the failure
   * concerns only this key, and only it pauses.
   */
  pause: (error: unknown) => { firstMs: number; maxMs: number } | undefined;
  onFailure: (key: string, error: unknown) => void;
}

const AGAIN_MS = 500;
/** A key that fails by itself needs somebody to fix the cause. */
const OWN_MS = 60_000;

/** Runs a few attempts concurrently, in order; a failed key goes to the end, so that it blocks no other. */
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
    // A stop aborts attempts in progress: that is not a failure.
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
