import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { rebuildChunk } from './rebuild.pg.js';

const RETRY_MS = 2_000;

export interface Filling {
  /** Settles when every earlier call is in the call log, or when filling was stopped. */
  finished: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Adds the calls that were recorded before the call log existed, a few at a time, while the recorder runs. After a
 * restart it continues where it stopped.
 */
export function startFilling({ dataSource, logger }: { dataSource: DataSource; logger: Logger }): Filling {
  const stopping = new AbortController();
  const run = async () => {
    let calls = 0;
    while (!stopping.signal.aborted) {
      const step = await fillNext(dataSource).catch((error: unknown) => {
        logger.warn({ err: error }, 'cannot add earlier calls to the call log; retrying');
        return 'later' as const;
      });
      if (step === 'complete') {
        if (calls > 0) logger.info({ calls }, 'added earlier calls to the call log');
        return;
      }
      if (step === 'later') await sleep(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      else calls += step;
    }
  };
  const finished = run();
  return {
    finished,
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

/** The number of calls added; `later`: another copy is adding them. */
function fillNext(dataSource: DataSource): Promise<number | 'complete' | 'later'> {
  return dataSource.transaction(async (tx) => {
    const [at] = (await tx.query('SELECT through, complete FROM call_log_filling FOR UPDATE SKIP LOCKED')) as {
      through: string | null;
      complete: boolean;
    }[];
    if (at === undefined) return 'later';
    if (at.complete) return 'complete';
    const { through, calls } = await rebuildChunk(tx, at.through);
    await tx.query('UPDATE call_log_filling SET through = coalesce($1::uuid, through), complete = $2', [
      through,
      through === null,
    ]);
    return calls;
  });
}
