import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, type Consumer, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/nats-core';

export interface DurableReaderOptions {
  /** May be long in coming, or never come. */
  nc: Promise<NatsConnection>;
  stream: string;
  durable: string;
  /** Subjects of the stream; default all. */
  filter?: string;
  /** Stores one batch in order, at least one message. Where it rejects, the whole batch comes again. */
  take(messages: JsMsg[]): Promise<void>;
  /**
   * Milliseconds from one batch to the next, at least; default 0. A message after a quiet time is taken at once, and
   * what follows it closely is one batch: each costs its requests and its transaction, however few messages it has.
   */
  apartMs?: number;
  onFailure(error: unknown): void;
}

export interface DurableReader {
  /** Ends once the batch that is being stored is stored and acknowledged. */
  stop(): Promise<void>;
}

const ACK_WAIT_MS = 30_000;
const MESSAGES_PER_BATCH = 500;
/** The shortest that the client library allows. */
const SHORTEST_FETCH_MS = 1_000;
const FETCH_MS = 5_000;
const RETRY_MS = 1_000;
const STOP_MS = 5_000;

/**
 * Reads a durable consumer without end, which all copies of a service share: what is there at once, in batches of up to
 * 500 messages, each acknowledged after `take`.
 */
export function readDurably(options: DurableReaderOptions): DurableReader {
  const stopping = new AbortController();
  const { signal } = stopping;
  const read = async (connection: NatsConnection): Promise<void> => {
    const consumer = await declare(connection, options);
    while (!signal.aborted) {
      const messages = await nextBatch(consumer, signal);
      if (messages.length === 0) continue;
      const next = apart(options.apartMs, signal);
      await options.take(messages).catch((error: unknown) => {
        for (const message of messages) message.nak(RETRY_MS);
        throw error;
      });
      for (const message of messages) message.ack();
      await connection.flush();
      await next;
    }
  };
  let connected = false;
  const run = async (): Promise<void> => {
    const connection = await options.nc;
    connected = true;
    while (!signal.aborted && !connection.isClosed()) {
      await read(connection).catch((error: unknown) => {
        if (!signal.aborted) options.onFailure(error);
      });
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = run().catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      // NATS may not answer any more.
      if (connected) await Promise.race([running, pause(STOP_MS, undefined, { ref: false })]);
    },
  };
}

const apart = (ms: number | undefined, signal: AbortSignal): Promise<void> =>
  ms === undefined ? Promise.resolve() : pause(ms, undefined, { signal }).catch(() => undefined);

/** Waits for one message, then takes what waits behind it. Without one within five seconds it is empty. */
async function nextBatch(consumer: Consumer, signal: AbortSignal): Promise<JsMsg[]> {
  const first = await fetch(consumer, 1, { expires: FETCH_MS, signal });
  const waiting = Math.min(first[0]?.info.pending ?? 0, MESSAGES_PER_BATCH - 1);
  if (waiting === 0) return first;
  return [...first, ...(await fetch(consumer, waiting, { expires: SHORTEST_FETCH_MS, signal }))];
}

async function fetch(
  consumer: Consumer,
  count: number,
  { expires, signal }: { expires: number; signal: AbortSignal },
): Promise<JsMsg[]> {
  const messages: JsMsg[] = [];
  if (signal.aborted) return messages;
  const fetched = await consumer.fetch({ max_messages: count, expires });
  const stop = () => fetched.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const message of fetched) messages.push(message);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return messages;
}

async function declare(connection: NatsConnection, options: DurableReaderOptions): Promise<Consumer> {
  const { stream, durable, filter } = options;
  const { consumers } = await jetstreamManager(connection, { checkAPI: false });
  await consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ...(filter === undefined ? {} : { filter_subject: filter }),
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: 2_000,
    max_deliver: -1,
  });
  return jetstream(connection).consumers.get(stream, durable);
}
