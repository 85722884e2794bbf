import type { Recordings } from './recordings.fs.js';

/** Where nothing can be recorded: calls go on, and each record says why. It is no trouble as long as nobody wants a recording. */
export const noRecordings = (why: string): Recordings => ({
  begin: () => Promise.resolve(why), ended: () => undefined, waiting: () => 0, trouble: () => undefined, stop: () => Promise.resolve(),
});
