import { setTimeout as pause } from 'node:timers/promises';
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  ReplayPolicy,
  type ConsumerMessages,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { ALL_CALLS, CALLS_STREAM, EVIDENCE_DURABLE } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Age } from './call-proof.js';

export interface CallsReader {
  stop(): Promise<void>;
}

const ACK_WAIT_MS = 60_000;
const PULLED_AT_ONCE = 200;
const RETRY_MS = { first: 200, most: 5_000 };
const CONSUMER_NOT_FOUND = 10014;

/**
 * Every call event once, over all copies of the service: they share one durable consumer, which began with the oldest.
 * `take` is asked again for a message that it failed for. Its age is measured by the server's clock: older than the
 * first start is history. `firstStart` remembers when the first consumer was made, so that a consumer that was deleted
 * does not turn the whole log into history. `onCaughtUp`: nothing is left, for the first time.
 */
export function readCalls(
  nats: OwnNatsLink,
  logger: Logger,
  reading: {
    take: (message: JsMsg, age: Age) => Promise<void>;
    firstStart: (created: Date) => Promise<Date>;
    onCaughtUp: () => void;
  },
): CallsReader {
  const stopping = new AbortController();
  let pull: ConsumerMessages | undefined;
  let behind = true;

  const consume = async (connection: NatsConnection) => {
    await declareConsumer(connection);
    const consumer = await jetstream(connection).consumers.get(CALLS_STREAM, EVIDENCE_DURABLE);
    const { created, num_pending } = await consumer.info();
    const firstStart = await reading.firstStart(new Date(created));
    if (behind && num_pending === 0) {
      behind = false;
      reading.onCaughtUp();
    }
    pull = await consumer.consume({ max_messages: PULLED_AT_ONCE, expires: 5_000, abort_on_missing_resource: true });
    // Not awaited: the client closes a pull only while it is iterated over.
    if (stopping.signal.aborted) void pull.close();
    for await (const message of pull) {
      await reading.take(message, message.time < firstStart ? 'history' : 'news');
      message.ack();
      if (behind && message.info.pending === 0) {
        behind = false;
        reading.onCaughtUp();
      }
    }
  };
  const run = async () => {
    const connection = await nats.ready;
    void closeOnReconnect(connection, () => pull?.close());
    for (
      let wait = RETRY_MS.first;
      !stopping.signal.aborted && !connection.isClosed();
      wait = Math.min(wait * 2, RETRY_MS.most)
    ) {
      const began = performance.now();
      try {
        await consume(connection);
      } catch (error) {
        if (!stopping.signal.aborted)
          logger.warn({ err: { message: (error as Error).message } }, 'cannot read calls for evidence; trying again');
        await pull?.close();
      }
      if (performance.now() - began > RETRY_MS.most) wait = RETRY_MS.first;
      await pause(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run().catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await pull?.close();
      // Without a connection there never was a reader.
      if (nats.connection !== undefined) await running;
    },
  };
}

async function closeOnReconnect(connection: NatsConnection, close: () => unknown): Promise<void> {
  for await (const { type } of connection.status()) if (type === 'reconnect') close();
}

async function declareConsumer(connection: NatsConnection): Promise<void> {
  const { consumers } = await jetstreamManager(connection, { checkAPI: false });
  try {
    await consumers.info(CALLS_STREAM, EVIDENCE_DURABLE);
  } catch (error) {
    if ((error as { code?: number }).code !== CONSUMER_NOT_FOUND) throw error;
    await consumers.add(CALLS_STREAM, {
      durable_name: EVIDENCE_DURABLE,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
      filter_subject: ALL_CALLS,
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: 1_000,
      max_deliver: -1,
    });
  }
}
