import { useSyncExternalStore } from 'react';

let hasEnded = false;
const listeners = new Set<() => void>();

function say(ended: boolean): void {
  hasEnded = ended;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The session that the page was opened with is over; what is on the page stays. */
export const sessionEnded = (): void => say(true);
/** A new session has taken its place. */
export const sessionBegan = (): void => say(false);

export const useSessionEnded = (): boolean => useSyncExternalStore(subscribe, () => hasEnded);

/** Settles when there is a session, or with `over`. */
export function untilSession(over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      if (hasEnded && !over.aborted) return;
      stop();
      over.removeEventListener('abort', settle);
      resolve();
    };
    const stop = subscribe(settle);
    over.addEventListener('abort', settle);
    settle();
  });
}
