import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';

export interface DrainOptions {
  /** Calls that need this process. */
  left: () => number;
  logger: Logger;
}

const LOOK_MS = 50;
const SAY_MS = 10_000;

/** Until nobody talks any more, or the time is over. */
export async function drain(withinMs: number, { left, logger }: DrainOptions): Promise<void> {
  const until = performance.now() + withinMs;
  let sayAt = performance.now();
  while (left() > 0 && performance.now() < until) {
    if (performance.now() >= sayAt) {
      logger.info(
        { calls: left(), seconds_left: Math.ceil((until - performance.now()) / 1_000) },
        'calls that go on are waited for; new ones are turned away',
      );
      sayAt += SAY_MS;
    }
    await sleep(LOOK_MS);
  }
  if (left() > 0 && withinMs > 0)
    logger.warn({ calls: left() }, 'calls go on after the time that they were given; they are ended');
}
