import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { recordSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { FencedPublisher, StreamEnd } from './fenced-publisher.nats.js';
import type { OutboxEntry, RelaySession } from './relay-session.pg.js';
import { compareWithStream } from './stream-end.nats.js';
import type { StreamOptions } from './streams.nats.js';

export interface LeaderOptions {
  /** Holds the lock. */
  session: RelaySession;
  nc: NatsConnection;
  publisher: FencedPublisher;
  streams: StreamOptions;
  /** Events in flight at once. */
  batch: number;
  logger: Logger;
}

export interface Step {
  /** How many events are in JetStream that were not before. */
  relayed: number;
  /** Nothing was waiting when it was read. */
  idle: boolean;
  /** JetStream did not take a whole batch: its end is read again in the next step. */
  problem?: string;
}

export interface RelayLeader {
  step(): Promise<Step>;
  /**
   * The next step compares with the stream, as the first one does. Asked for after an idle step, when nothing is left
   * to settle.
   */
  compareAgain(): void;
  /** Takes what was acknowledged last out of the outbox; the next leader would find it in the stream otherwise. */
  finish(): Promise<void>;
}

/** The way of an event from the outbox to JetStream, one batch a step, in the order of positions. */
export function relayLeader(options: LeaderOptions): RelayLeader {
  const { session, publisher } = options;
  let end: (StreamEnd & { created: string }) | undefined;
  let acknowledged: string[] = [];

  const settle = async (limit: number) => {
    const positions = acknowledged;
    acknowledged = [];
    return session.settleAndNext({ positions, at: { created: end!.created, sequence: end!.sequence } }, limit);
  };

  return {
    async step() {
      end ??= await compareWithStream(options);
      const batch = await settle(options.batch);
      if (batch.length === 0) return { relayed: 0, idle: true };
      const began = Date.now();
      const outcome = await publisher.publish(batch, end);
      const relayed = batch.slice(0, outcome.acknowledged);
      traceEach(relayed, began);
      acknowledged = relayed.map(({ position }) => position);
      end = { created: end.created, sequence: end.sequence + relayed.length, id: relayed.at(-1)?.id ?? end.id };
      if (outcome.problem === undefined) return { relayed: relayed.length, idle: false };
      if (relayed.length > 0) await settle(0);
      end = undefined;
      return { relayed: relayed.length, idle: false, problem: outcome.problem };
    },
    compareAgain: () => {
      end = undefined;
    },
    async finish() {
      if (end && acknowledged.length > 0) await settle(0);
    },
  };
}

/** A larger batch is an import or a backlog, where a trace per event shows nothing useful. */
const TRACED_BATCH = 32;
const TRACEPARENT = /"traceparent":"([\da-f-]{55})"/;

/** Each event's way into JetStream, in the trace of the request that made it. */
function traceEach(relayed: readonly OutboxEntry[], began: number): void {
  if (relayed.length > TRACED_BATCH) return;
  const ended = Date.now();
  for (const { subject, envelope } of relayed) {
    // Before `data`: what a client wrote must not be taken for it.
    const parent = TRACEPARENT.exec(envelope.slice(0, Math.max(envelope.indexOf('"data":'), 0)))?.[1];
    if (parent !== undefined) {
      recordSpan('relay.publish', {
        parent,
        kind: 'producer',
        began,
        ended,
        attributes: {
          'messaging.system': 'nats',
          'messaging.destination.name': TRUNKMESH_STREAM,
          'messaging.nats.subject': subject,
        },
      });
    }
  }
}
