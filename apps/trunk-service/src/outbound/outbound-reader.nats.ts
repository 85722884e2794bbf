import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import { ALL_CALLS, CALLS_STREAM, OUTBOUND_DURABLE } from '@trunkmesh/contracts/subjects.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Background } from '../event-store/when-opened.pg.js';
import { callFacts } from './call-facts.js';
import { noteFacts } from './outbound-calls.pg.js';
import { releaseEnded } from './permits.pg.js';

const ACK_WAIT_MS = 30_000;
const MESSAGES_PER_BATCH = 500;
const WAIT_MS = 1_000;
const RETRY_MS = 1_000;

/**
 * Brings the rows of outbound calls up to what the bridges report of them, one batch a statement; all copies share the
 * durable consumer. A batch that cannot be stored comes again.
 */
export function readOutboundCalls(store: EventStore, nats: OwnNatsLink, logger: Logger): Background {
  const stopping = new AbortController();
  const read = async (connection: NatsConnection): Promise<void> => {
    await declare(connection);
    const consumer = await jetstream(connection).consumers.get(CALLS_STREAM, OUTBOUND_DURABLE);
    while (!stopping.signal.aborted) {
      const messages: JsMsg[] = [];
      for await (const message of await consumer.fetch({ max_messages: MESSAGES_PER_BATCH, expires: WAIT_MS }))
        messages.push(message);
      const facts = callFacts(messages.map(jsonOf));
      await noteFacts(store, facts);
      await releaseEnded(
        store,
        facts.filter(({ ended_at }) => ended_at !== null).map(({ call_id }) => call_id),
      );
      for (const message of messages) message.ack();
    }
  };
  const run = async (): Promise<void> => {
    const connection = await nats.ready;
    while (!stopping.signal.aborted && !connection.isClosed()) {
      await read(connection).catch((error: unknown) => {
        if (!stopping.signal.aborted)
          logger.warn({ err: { message: (error as Error).message } }, 'cannot follow outbound calls; trying again');
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

async function declare(connection: NatsConnection): Promise<void> {
  const { consumers } = await jetstreamManager(connection, { checkAPI: false });
  await consumers.add(CALLS_STREAM, {
    durable_name: OUTBOUND_DURABLE,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subject: ALL_CALLS,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: 2_000,
    max_deliver: -1,
  });
}
