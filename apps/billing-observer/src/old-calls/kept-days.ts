const DAY_MS = 86_400_000;

/**
 * Events are in the stream CALLS for 30 days and may be delivered again: a call that was removed sooner would be in the
 * call log once more.
 */
export const LEAST_KEPT_DAYS = 35;

/** Calls that began earlier are removed: the beginning of the first day (UTC) that is kept. */
export function keptFrom(now: Date, keepDays: number): Date {
  return new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS - keepDays * DAY_MS);
}
