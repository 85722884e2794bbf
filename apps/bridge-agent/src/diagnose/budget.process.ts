import { setTimeout as sleep } from 'node:timers/promises';

/** What is left of a test's time. Every wait of a test is a part of it, so that the answer always comes. */
export class Budget {
  private readonly endsAt: number;

  constructor(milliseconds: number) {
    this.endsAt = performance.now() + milliseconds;
  }

  /** So much, as far as it is left. */
  part(milliseconds: number): number {
    return Math.max(0, Math.min(milliseconds, this.endsAt - performance.now()));
  }
}

/** A value that is there after a time, or as soon as the signal is aborted. */
export function later<Value>(
  milliseconds: number,
  value: Value,
  signal?: AbortSignal,
): { reached: Promise<Value>; cancel: () => void } {
  const aborted = new AbortController();
  const cancel = () => aborted.abort();
  const stops = AbortSignal.any([aborted.signal, ...(signal === undefined ? [] : [signal])]);
  return { reached: sleep(milliseconds, value, { signal: stops }).catch(() => value), cancel };
}
