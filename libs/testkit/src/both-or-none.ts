/** Something that is started, and has to be stopped again. */
export interface Startable<Running> {
  start(): Promise<Running>;
  stop(running: Running): Promise<unknown>;
}

/**
 * Starts both beside each other. Where one fails to start, the other one is stopped before its error is thrown: who
 * waits for both has neither of them and could stop nothing.
 */
export async function bothOrNone<One, Other>(one: Startable<One>, other: Startable<Other>): Promise<[One, Other]> {
  const [first, second] = await Promise.allSettled([one.start(), other.start()]);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value];
  if (first.status === 'fulfilled') await one.stop(first.value);
  if (second.status === 'fulfilled') await other.stop(second.value);
  throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason;
}
