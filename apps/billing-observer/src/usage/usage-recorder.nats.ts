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
  /** Milliseconds from one batch to the next, unless the next is full; set by tests. */
  apartMs?: number;
  /** For tests: runs between the commit and the acknowledgements. */
  afterCommit?: () => Promise<void>;
}

const EVENTS_PER_BATCH = 1_000;
/** PostgreSQL writes one batch while the next one is read and checked here. */
const BATCHES_AT_ONCE = 2;
/**
 * An event after a quiet time is recorded at once. What follows it closely is one batch: each costs a dozen statements
 * and a commit, however few events it has.
 */
const APART_MS = 100;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Writes the events of the CALLS stream to the database, in batches of all that is waiting. A message is acknowledged
 * only after its batch is committed. While the database is unavailable, messages are kept and marked as in progress:
 * returned messages would be redelivered at once.
 */
export function startUsageRecorder(options: UsageRecorderOptions): UsageRecorder {
  const { ackWaitMs = 10_000 } = options;
  const batches = new Batches(options);
  const consumer = startCallsConsumer({
    nc: options.nc,
    logger: options.logger,
    ackWaitMs,
    onMessage: (message) => batches.put(message),
  });
  const heartbeat = setInterval(() => {
    if (!options.nc.isClosed()) batches.open().forEach((message) => message.working());
  }, ackWaitMs / 3);
  return {
    trouble: () => batches.trouble() ?? consumer.trouble(),
    stop: async () => {
      batches.end();
      await consumer.stop();
      await batches.ended();
      clearInterval(heartbeat);
      // Another copy then gets them at once instead of after the deadline.
      if (!options.nc.isClosed()) batches.open().forEach((message) => message.nak());
    },
  };
}

/** Messages that wait, and those that are being recorded. */
class Batches {
  private readonly stopping = new AbortController();
  private waiting: JsMsg[] = [];
  private readonly recording = new Map<readonly JsMsg[], Promise<void>>();
  private readonly troubles = new Map<readonly JsMsg[], string>();
  private next: NodeJS.Immediate | undefined;
  private later: NodeJS.Timeout | undefined;
  private begunAt = -Infinity;

  constructor(private readonly options: UsageRecorderOptions) {}

  put(message: JsMsg): void {
    this.waiting.push(message);
    // With all that has arrived at the same time.
    this.next ??= setImmediate(() => this.begin());
  }

  open(): JsMsg[] {
    return [...[...this.recording.keys()].flat(), ...this.waiting];
  }

  trouble(): string | undefined {
    return [...this.troubles.values()][0];
  }

  end(): void {
    this.stopping.abort();
  }

  async ended(): Promise<void> {
    clearImmediate(this.next);
    clearTimeout(this.later);
    await Promise.all(this.recording.values());
  }

  /** A full batch begins at once, any other apart from the one before and not beside another. */
  private begin(): void {
    this.next = undefined;
    clearTimeout(this.later);
    while (!this.stopping.signal.aborted && this.recording.size < BATCHES_AT_ONCE) {
      if (this.waiting.length < EVENTS_PER_BATCH) {
        if (this.waiting.length === 0 || this.recording.size > 0) return;
        const wait = this.begunAt + (this.options.apartMs ?? APART_MS) - performance.now();
        if (wait > 0) return void (this.later = setTimeout(() => this.begin(), wait));
      }
      this.beginOne();
    }
  }

  private beginOne(): void {
    const batch = this.waiting.slice(0, EVENTS_PER_BATCH);
    this.waiting = this.waiting.slice(EVENTS_PER_BATCH);
    this.begunAt = performance.now();
    this.recording.set(batch, this.record(batch));
  }

  /** Retries until it is recorded, or until the end. */
  private async record(batch: readonly JsMsg[]): Promise<void> {
    const { logger } = this.options;
    const { signal } = this.stopping;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await takeBatch(batch, this.options);
        this.recording.delete(batch);
        this.troubles.delete(batch);
        return this.begin();
      } catch (error) {
        this.troubles.set(batch, error instanceof Error ? error.message : String(error));
        failedBatches.add();
        logger.warn({ err: error, events: batch.length, pause_ms: pause }, 'cannot record calls; retrying');
        await sleep(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

async function takeBatch(messages: readonly JsMsg[], options: UsageRecorderOptions): Promise<void> {
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
  for (const bridge of recorded.bridges) confirmations.touch(bridge);
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
