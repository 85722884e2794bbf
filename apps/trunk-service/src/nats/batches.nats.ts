import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Background } from '../event-store/when-opened.pg.js';

export interface BatchOptions {
  stream: string;
  /** The durable consumer, which all copies of the service share. */
  durable: string;
  filter: string;
  /** For the log: `cannot read <what>`. */
  what: string;
  /** Where the consumer begins when it is made. Default: with everything that the stream still has. */
  from?: DeliverPolicy;
  nats: OwnNatsLink;
  logger: Logger;
  /** Stores what the messages hold; undefined stands for one that is not JSON. A batch that fails comes again. */
  store(messages: readonly unknown[]): Promise<void>;
}

const ACK_WAIT_MS = 30_000;
const MESSAGES_PER_BATCH = 500;
const WAIT_MS = 1_000;
const RETRY_MS = 1_000;

/** Reads a stream without end, one batch a transaction of the reader. */
export function readBatches(options: BatchOptions): Background {
  const { nats, logger, what, store } = options;
  const stopping = new AbortController();
  const read = async (connection: NatsConnection): Promise<void> => {
    await declare(connection, options);
    const consumer = await jetstream(connection).consumers.get(options.stream, options.durable);
    while (!stopping.signal.aborted) {
      const messages: JsMsg[] = [];
      for await (const message of await consumer.fetch({ max_messages: MESSAGES_PER_BATCH, expires: WAIT_MS }))
        messages.push(message);
      if (messages.length > 0) await store(messages.map(jsonOf));
      for (const message of messages) message.ack();
    }
  };
  const run = async (): Promise<void> => {
    const connection = await nats.ready;
    while (!stopping.signal.aborted && !connection.isClosed()) {
      await read(connection).catch((error: unknown) => {
        if (!stopping.signal.aborted)
          logger.warn({ err: { message: (error as Error).message } }, `cannot read ${what}; trying again`);
      });
      await pause(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run().catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      // NATS may never have been there.
      await Promise.race([running, pause(WAIT_MS + RETRY_MS, undefined, { ref: false })]);
    },
  };
}

function jsonOf(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}

async function declare(connection: NatsConnection, options: BatchOptions): Promise<void> {
  const { consumers } = await jetstreamManager(connection, { checkAPI: false });
  await consumers.add(options.stream, {
    durable_name: options.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: options.from ?? DeliverPolicy.All,
    filter_subject: options.filter,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: 2_000,
    max_deliver: -1,
  });
}
