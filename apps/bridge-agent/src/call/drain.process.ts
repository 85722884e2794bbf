import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';

export interface DrainOptions {
  /** Calls in progress that need this process. */
  left: () => number;
  logger: Logger;
}

const LOOK_MS = 50;
const SAY_MS = 10_000;

/** Waits until no call is in progress or the time is over. */
export async function drain(withinMs: number, { left, logger }: DrainOptions): Promise<void> {
  const until = performance.now() + withinMs;
  let sayAt = performance.now();
  while (left() > 0 && performance.now() < until) {
    if (performance.now() >= sayAt) {
      logger.info(
        { calls: left(), seconds_left: Math.ceil((until - performance.now()) / 1_000) },
        'waiting for calls in progress; new calls are rejected',
      );
      sayAt += SAY_MS;
    }
    await sleep(LOOK_MS);
  }
  if (left() > 0 && withinMs > 0)
    logger.warn({ calls: left() }, 'calls are still in progress after the drain time; ending them');
}
