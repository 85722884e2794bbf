import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import { callsRefused, type CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { REFUSED_DURABLE, REFUSED_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { forgetRefusedCalls, storeRefusedCalls } from './refused-calls.pg.js';

export interface RefusedCallsConsumer {
  stop(): Promise<void>;
}

export interface RefusedCallsOptions {
  store: Pick<EventStore, 'query'>;
  nc: Promise<NatsConnection>;
  logger: Logger;
}

const ACK_WAIT_MS = 30_000;
const MESSAGES_PER_BATCH = 500;
const WAIT_MS = 2_000;
const PAUSE_MS = 1_000;
const FORGET_EVERY_MS = 600_000;

/**
 * Stores what the bridges refused, without end, one batch a statement; all copies share the durable consumer. A batch
 * that cannot be stored comes again.
 */
export function startRefusedCalls({ store, nc, logger }: RefusedCallsOptions): RefusedCallsConsumer {
  const stopping = new AbortController();
  const read = async (connection: NatsConnection): Promise<void> => {
    await declare(connection);
    const consumer = await jetstream(connection).consumers.get(REFUSED_STREAM, REFUSED_DURABLE);
    while (!stopping.signal.aborted) {
      const messages: JsMsg[] = [];
      for await (const message of await consumer.fetch({ max_messages: MESSAGES_PER_BATCH, expires: WAIT_MS }))
        messages.push(message);
      await storeRefusedCalls(
        store,
        messages.flatMap((message) => rowOf(message, logger)),
      );
      for (const message of messages) message.ack();
    }
  };
  const run = async (): Promise<void> => {
    const connection = await nc;
    while (!stopping.signal.aborted && !connection.isClosed()) {
      await read(connection).catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.warn({ err: error }, 'refused calls could not be stored; trying again');
      });
      await sleep(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const forgetting = setInterval(() => {
    forgetRefusedCalls(store).catch((error: unknown) => {
      logger.warn({ err: error }, 'old refused calls could not be deleted; trying again');
    });
  }, FORGET_EVERY_MS);
  const running = run().catch(() => undefined);
  return {
    async stop() {
      stopping.abort();
      clearInterval(forgetting);
      // NATS may never have been there.
      await Promise.race([running, sleep(WAIT_MS + PAUSE_MS, undefined, { ref: false })]);
    },
  };
}

function rowOf(message: JsMsg, logger: Logger): CallsRefused['data'][] {
  try {
    return [callsRefused.parse(message.json()).data];
  } catch {
    logger.warn(
      { subject: message.subject, sequence: message.seq },
      'an event about refused calls cannot be read and is passed over',
    );
    return [];
  }
}

async function declare(connection: NatsConnection): Promise<void> {
  const { consumers } = await jetstreamManager(connection);
  await consumers.add(REFUSED_STREAM, {
    durable_name: REFUSED_DURABLE,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: 2_000,
    max_deliver: -1,
  });
}
