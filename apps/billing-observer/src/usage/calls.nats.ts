import { setTimeout as sleep } from 'node:timers/promises';
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  ReplayPolicy,
  type ConsumerMessages,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { ALL_CALLS, CALLS_STREAM, USAGE_DURABLE } from '@trunkmesh/contracts/subjects.js';
import { setLag } from './usage-metrics.otel.js';

export interface CallsConsumer {
  /** Why nothing is consumed; undefined while it consumes. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface CallsConsumerOptions {
  nc: NatsConnection;
  logger: Logger;
  /** A message that is neither acknowledged nor marked as in progress within this time is delivered again. */
  ackWaitMs: number;
  onMessage: (message: JsMsg) => void;
}

/** Limit of unacknowledged messages over all copies, and so of messages waiting in memory. */
const MAX_UNACKNOWLEDGED = 5_000;
const MESSAGES_PER_PULL = 1_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const LAG_INTERVAL_MS = 5_000;
const CONSUMER_NOT_FOUND = 10014;

/**
 * Pulls CALLS through the durable consumer that all copies share, until it is stopped. It waits for a missing stream
 * and creates a missing consumer again.
 */
export function startCallsConsumer(options: CallsConsumerOptions): CallsConsumer {
  const { nc, logger } = options;
  const stopping = new AbortController();
  let trouble: string | undefined = 'not yet connected';
  let pull: ConsumerMessages | undefined;

  const consume = async () => {
    await declareConsumer(nc, options.ackWaitMs);
    const consumer = await jetstream(nc).consumers.get(CALLS_STREAM, USAGE_DURABLE);
    pull = await consumer.consume({
      max_messages: MESSAGES_PER_PULL,
      expires: 5_000,
      abort_on_missing_resource: true,
      callback: options.onMessage,
    });
    if (stopping.signal.aborted) return void (await pull.close());
    trouble = undefined;
    const error = await pull.closed();
    if (error instanceof Error) throw error;
  };
  const run = async () => {
    let pause = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted && !nc.isClosed()) {
      try {
        await consume();
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        pause = trouble === undefined ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
        trouble = error instanceof Error ? error.message : String(error);
        if (!stopping.signal.aborted)
          logger.warn({ err: error, pause_ms: pause }, 'cannot read the CALLS stream; retrying');
      }
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  // After a reconnect the client pulls only once. If JetStream is still recovering then, the next pull comes only after
  // `expires`.
  const restartOnReconnect = async () => {
    for await (const status of nc.status()) {
      if (status.type === 'reconnect') await pull?.close();
    }
  };
  const observing = setInterval(() => {
    void observeLag(nc);
  }, LAG_INTERVAL_MS);
  void restartOnReconnect();
  const running = run();
  return {
    trouble: () => trouble,
    stop: async () => {
      clearInterval(observing);
      stopping.abort();
      await pull?.close();
      await running;
    },
  };
}

async function declareConsumer(nc: NatsConnection, ackWaitMs: number): Promise<void> {
  const { consumers } = await jetstreamManager(nc);
  const settings = { ack_wait: nanos(ackWaitMs), max_ack_pending: MAX_UNACKNOWLEDGED, max_deliver: -1 };
  try {
    await consumers.info(CALLS_STREAM, USAGE_DURABLE);
    await consumers.update(CALLS_STREAM, USAGE_DURABLE, settings);
  } catch (error) {
    if ((error as { code?: number }).code !== CONSUMER_NOT_FOUND) throw error;
    await consumers.add(CALLS_STREAM, {
      durable_name: USAGE_DURABLE,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
      filter_subject: ALL_CALLS,
      ...settings,
    });
  }
}

async function observeLag(nc: NatsConnection): Promise<void> {
  try {
    const info = await (
      await jetstreamManager(nc, { checkAPI: false, timeout: 2_000 })
    ).consumers.info(CALLS_STREAM, USAGE_DURABLE);
    setLag(info.num_pending + info.num_ack_pending);
  } catch {
    /* Keep the last value. The NATS link logs and reports that NATS is unreachable. */
  }
}
