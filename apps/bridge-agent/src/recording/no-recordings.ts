import type { Recordings } from './recordings.fs.js';

/** Used when recording is impossible: calls continue, and each call record and the readiness state the reason. */
export const noRecordings = (why: string): Recordings => ({
  begin: () => Promise.resolve(why),
  ended: () => undefined,
  waiting: () => 0,
  trouble: () => why,
  stop: () => Promise.resolve(),
});
