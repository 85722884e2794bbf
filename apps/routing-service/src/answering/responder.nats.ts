import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ROUTING_QUEUE } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { HistogramMetric } from '@trunkmesh/runtime/metric.otel.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { createPayloadEncoder } from './payload-encoder.js';

/** From ten microseconds, where a lookup is, to where something is wrong. */
export const LOOKUP_SECONDS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1,
] as const;

export interface Answer {
  /** For the metric: one of a few words. */
  outcome: string;
  json: string;
}

export interface Question {
  subject: string;
  /** Name of the server span. */
  span: string;
  /** Answers any text; it does not throw. */
  answer: (text: string) => Answer;
  seconds: HistogramMetric;
}

export interface Responder {
  stop(): Promise<void>;
}

/**
 * Answers requests in the queue group of routing-service. A plain subscription: Nest's pipeline and its promises cost
 * more than the answer (ADR 0023).
 */
export function startResponder(nc: NatsConnection, question: Question, logger: Logger): Responder {
  const { subject, span, seconds } = question;
  const encode = createPayloadEncoder();
  const labels = new Map<string, { outcome: string }>();
  /** One object an outcome for all requests, so that a measurement allocates nothing. */
  const labelOf = (outcome: string): { outcome: string } => {
    const known = labels.get(outcome);
    if (known !== undefined) return known;
    const label = { outcome };
    labels.set(outcome, label);
    return label;
  };
  const respond = (message: Msg): void => {
    const start = performance.now();
    const { outcome, json } = question.answer(textOf(message));
    message.respond(encode(json));
    seconds.record((performance.now() - start) / 1000, labelOf(outcome));
  };
  const failed = (error: unknown): void => logger.error({ err: error, subject }, 'cannot answer a request');
  const answer = (message: Msg): void => {
    // Headers are only there where the asker sends some; without them tracing costs this one look.
    const parent = message.headers?.get('traceparent');
    if (parent === undefined || !isSampled(parent)) return respond(message);
    withSpan(span, { parent, kind: 'server' }, () => respond(message)).catch(failed);
  };
  const subscription = nc.subscribe(subject, {
    queue: ROUTING_QUEUE,
    callback: (error, message) => {
      if (error !== null) return logger.error({ err: error, subject }, 'cannot subscribe to requests');
      try {
        answer(message);
      } catch (failure) {
        // One request must not end the subscription; the asker has a deadline.
        failed(failure);
      }
    },
  });
  return {
    // Drained: what is on its way here is answered, and the others in the group get the rest.
    stop: async () => {
      if (!subscription.isClosed()) await subscription.drain();
    },
  };
}

/** W3C Trace Context §3.2.2.5: the lowest bit of the flags, the last two digits. */
const isSampled = (traceparent: string): boolean => (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1;

function textOf(message: Msg): string {
  const { data } = message;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}
