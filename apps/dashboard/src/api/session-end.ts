import { useSyncExternalStore } from 'react';

let hasEnded = false;
let sessions = 0;
const listeners = new Set<() => void>();

function say(ended: boolean): void {
  hasEnded = ended;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The session of a request, to be read when it is sent. */
export const currentSession = (): number => sessions;
/** The session of `currentSession` is over; what is on the page stays. A late answer for an earlier one is ignored. */
export function sessionEnded(session: number): void {
  if (session === sessions) say(true);
}
/** A new session has taken its place. */
export function sessionBegan(): void {
  sessions += 1;
  say(false);
}

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
