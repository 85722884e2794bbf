import { setTimeout as pause } from 'node:timers/promises';
import { ensureStreams } from '@trunkmesh/event-log/streams.jetstream.js';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import type { NatsLink } from './nats-link.nats.js';

const RETRY_MS = 2_000;

/** Makes the streams and buckets that are not there yet, once JetStream can be asked: a new installation has none. */
export function keepStreams(nats: NatsLink, logger: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const run = async () => {
    const connection = await nats.ready;
    while (!stopping.signal.aborted) {
      try {
        return await ensureStreams(connection);
      } catch (error) {
        logger.warn({ err: { message: (error as Error).message } }, 'the streams could not be looked at');
        await pause(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  void run().catch(() => undefined);
  return { stop: async () => stopping.abort() };
}
