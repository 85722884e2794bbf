import { signal } from '@trunkmesh/event-log/signal.process.js';
import { createMissingStreams, ensureStreams, type SipRetention } from '@trunkmesh/event-log/streams.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';

const RETRY_MS = 2_000;
/** How long one that somebody deleted is missing. */
const LOOK_MS = 30_000;

/**
 * Makes the streams and buckets that are not there yet, once JetStream can be asked: a new installation has none. And
 * again later: a server may come back without its disk, and without its bucket no bridge is heard any more.
 */
export function keepStreams(
  nats: OwnNatsLink,
  logger: Logger,
  retention: Pick<SipRetention, 'days' | 'bytes'>,
): { stop(): Promise<void> } {
  const onSmaller = (bytes: number) =>
    logger.warn(
      { wanted_mb: megabytes(retention.bytes), kept_mb: megabytes(bytes) },
      'the JetStream store has no room for SIP_MESSAGES_MB: the oldest SIP messages are deleted earlier. ' +
        'Give the store more, or set SIP_MESSAGES_MB lower',
    );
  const sip = { ...retention, onSmaller };
  const stopping = new AbortController();
  const attention = signal();
  const run = async () => {
    const connection = await nats.ready;
    void noticeReconnects(connection, () => attention.notify());
    for (let look = ensureStreams; !stopping.signal.aborted && !connection.isClosed();) {
      try {
        await look(connection, { sip });
        look = createMissingStreams;
        await attention.wait(LOOK_MS);
      } catch (error) {
        if (stopping.signal.aborted) return;
        logger.warn({ err: { message: (error as Error).message } }, 'cannot check the streams');
        await attention.wait(RETRY_MS);
      }
    }
  };
  void run().catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      attention.notify();
    },
  };
}

const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);

async function noticeReconnects(connection: NatsConnection, notice: () => void): Promise<void> {
  for await (const { type } of connection.status()) if (type === 'reconnect') notice();
}
