/** More failures than this have a cause of their own, such as a database that is down. */
const MOST_FAILURES = 10;

/**
 * Does the same for each, also after one that failed, so that none holds up the others. Returns the sum of what was
 * done.
 * @throws AggregateError what failed, once all others are done; sooner after ten failures, or the signal's reason
 */
export async function everyOne<Item>(
  items: Iterable<Item>,
  { what, signal }: { what: string; signal?: AbortSignal | undefined },
  work: (item: Item) => Promise<number>,
): Promise<number> {
  const failures: unknown[] = [];
  let done = 0;
  for (const item of items) {
    signal?.throwIfAborted();
    try {
      done += await work(item);
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(error);
      if (failures.length === MOST_FAILURES) break;
    }
  }
  if (failures.length === 0) return done;
  const why = failures.map((error) => (error instanceof Error ? error.message : String(error))).slice(0, 3);
  throw new AggregateError(failures, `${what}: ${failures.length} failed, ${done} done; ${why.join('; ')}`);
}
