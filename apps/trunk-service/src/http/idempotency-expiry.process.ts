import type { EventStore } from '../event-store/event-store.pg.js';
import { forgetOldKeys } from './idempotency.pg.js';

const EVERY_MS = 10 * 60_000;

export function startForgetting(store: EventStore): { stop(): Promise<void> } {
  const timer = setInterval(() => {
    forgetOldKeys(store).catch((error: Error) =>
      store.logger.warn({ err: { message: error.message } }, 'cannot delete old idempotency keys'),
    );
  }, EVERY_MS);
  timer.unref();
  return { stop: async () => clearInterval(timer) };
}
