import type { Recordings } from './recordings.fs.js';

/** Where nothing can be recorded: calls go on, each record says why, and so does readiness. */
export const noRecordings = (why: string): Recordings => ({
  begin: () => Promise.resolve(why),
  ended: () => undefined,
  waiting: () => 0,
  trouble: () => why,
  stop: () => Promise.resolve(),
});
