import type { RecordStore } from '../record/record-store.pg.js';
import { forgetOldKeys } from './idempotency.pg.js';

const EVERY_MS = 10 * 60_000;

export function startForgetting(record: RecordStore): { stop(): Promise<void> } {
  const timer = setInterval(() => {
    forgetOldKeys(record).catch((error: Error) =>
      record.logger.warn({ err: { message: error.message } }, 'old idempotency keys were not taken away'),
    );
  }, EVERY_MS);
  timer.unref();
  return { stop: async () => clearInterval(timer) };
}
