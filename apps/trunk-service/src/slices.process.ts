import { setImmediate as turn } from 'node:timers/promises';

/** How long one request may keep the event loop to itself. */
const SLICE_MS = 2;

/**
 * For long work: what `breathe` waits for lets the others have their turn, and costs nothing before a slice is over.
 */
export interface Slices {
  isOver(): boolean;
  /** @throws the signal's reason, when it is aborted */
  breathe(): Promise<void>;
}

export function startSlices(signal?: AbortSignal): Slices {
  let began = performance.now();
  const isOver = () => performance.now() - began >= SLICE_MS;
  return {
    isOver,
    breathe: async () => {
      if (!isOver()) return;
      // Not a promise alone: those are settled before the event loop looks at any socket.
      await turn();
      signal?.throwIfAborted();
      began = performance.now();
    },
  };
}

/** Runs a computation that yields wherever it may be interrupted. */
export async function inSlices<Result>(steps: Generator<unknown, Result>, signal?: AbortSignal): Promise<Result> {
  const slices = startSlices(signal);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slices.isOver()) await slices.breathe();
  }
}
