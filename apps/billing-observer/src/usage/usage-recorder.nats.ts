import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { LoggedCallEvent } from './call-message.js';
import { startCallsConsumer } from './calls.nats.js';
import type { Confirmations } from './confirmation.nats.js';
import { recordMessages } from './record-messages.pg.js';
import {
  batchSeconds,
  failedBatches,
  loggedEvents,
  redeliveries,
  repeatedEvents,
  setLag,
  setMissing,
  unreadableMessages,
  usageRecords,
} from './usage-metrics.otel.js';
import type { RecordedBatch } from './usage-store.pg.js';

export interface UsageRecorder {
  /** Why calls are not being recorded; undefined while they are. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface UsageRecorderOptions {
  nc: NatsConnection;
  dataSource: DataSource;
  confirmations: Confirmations;
  logger: Logger;
  ackWaitMs?: number;
  /** For tests: runs between the commit and the acknowledgements. */
  afterCommit?: () => Promise<void>;
}

const EVENTS_PER_BATCH = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Writes the events of the CALLS stream to the database, in batches of all that is waiting. A message is acknowledged
 * only after its batch is committed. While the database is unavailable, messages are kept and marked as in progress:
 * returned messages would be redelivered at once.
 */
export function startUsageRecorder(options: UsageRecorderOptions): UsageRecorder {
  const { logger, ackWaitMs = 10_000 } = options;
  const stopping = new AbortController();
  let waiting: JsMsg[] = [];
  let batch: JsMsg[] = [];
  let trouble: string | undefined;
  let arrived = () => {};
  const consumer = startCallsConsumer({
    nc: options.nc,
    logger,
    ackWaitMs,
    onMessage: (message) => {
      waiting.push(message);
      arrived();
    },
  });
  const heartbeat = setInterval(() => {
    if (!options.nc.isClosed()) [...batch, ...waiting].forEach((message) => message.working());
  }, ackWaitMs / 3);

  const nextBatch = async () => {
    if (waiting.length === 0)
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    batch = waiting.slice(0, EVENTS_PER_BATCH);
    waiting = waiting.slice(EVENTS_PER_BATCH);
  };
  const run = async () => {
    let pause = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      if (batch.length === 0) await nextBatch();
      try {
        await takeBatch(batch, options);
        batch = [];
        trouble = undefined;
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
        failedBatches.add();
        logger.warn({ err: error, events: batch.length, pause_ms: pause }, 'cannot record calls; retrying');
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  };
  const running = run();
  return {
    trouble: () => trouble ?? consumer.trouble(),
    stop: async () => {
      stopping.abort();
      await consumer.stop();
      arrived();
      await running;
      clearInterval(heartbeat);
      // Another copy then gets them at once instead of after the deadline.
      if (!options.nc.isClosed()) [...batch, ...waiting].forEach((message) => message.nak());
    },
  };
}

async function takeBatch(messages: readonly JsMsg[], options: UsageRecorderOptions): Promise<void> {
  if (messages.length === 0) return;
  const started = performance.now();
  const recorded = await recordMessages(
    options.dataSource,
    messages.map(({ subject, seq, data }) => ({ subject, sequence: seq, payload: data })),
    () => new Date(),
  );
  batchSeconds.record((performance.now() - started) / 1000);
  await options.afterCommit?.();
  messages.forEach((message) => message.ack());
  setLag(messages.at(-1)!.info.pending);
  redeliveries.add(messages.filter((message) => message.redelivered).length);
  await report(recorded, options);
}

async function report(recorded: RecordedBatch, { confirmations, logger }: UsageRecorderOptions): Promise<void> {
  for (const { bridge_id, missing } of recorded.bridges) {
    setMissing(bridge_id, missing);
    confirmations.touch(bridge_id);
  }
  recorded.logged.forEach((event) => {
    loggedEvents.add(1, { type: event.type });
  });
  usageRecords.add(recorded.recorded.length);
  repeatedEvents.add(recorded.repeated);
  for (const { message, reason } of recorded.unreadable) {
    unreadableMessages.add(1, { reason });
    logger.error(
      { sequence: message.sequence, bytes: message.payload.byteLength, reason },
      'stored an unreadable message of the CALLS stream',
    );
  }
  for (const event of recorded.recorded) await traceRecorded(event);
}

/** Part of the call's trace, which so shows when its usage was recorded. */
const traceRecorded = ({ traceparent, call_id }: LoggedCallEvent) =>
  traceparent === undefined
    ? undefined
    : withSpan(
        'usage recorded',
        { parent: traceparent, kind: 'consumer', attributes: { 'call.id': call_id } },
        () => undefined,
      );
