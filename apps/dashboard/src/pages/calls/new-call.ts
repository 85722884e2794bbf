import { mayRetry, problemOf } from '../../api/problem.js';

/** What the browser's history keeps of a view of a call that was just started. */
export const NEW_CALL = { isNewCall: true } as const;

/** Twice a second, for half a minute: the call log has a call from its first event on. */
const LOOKS = 60;
const LOOK_MS = 500;
const NOT_FOUND = 404;

/** How a call is read; `state`: of the browser's history, whatever is in it. */
export function readingOf(state: unknown) {
  if ((state as typeof NEW_CALL | null)?.isNewCall !== true) return {};
  return {
    retry: (looks: number, error: unknown) =>
      looks < LOOKS && (mayRetry(error) || problemOf(error).status === NOT_FOUND),
    retryDelay: LOOK_MS,
  };
}
