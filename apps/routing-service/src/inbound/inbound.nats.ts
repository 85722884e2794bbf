import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { ROUTING_INBOUND, ROUTING_QUEUE } from '@trunkmesh/contracts/subjects.js';
import type { RouteIndex } from '@trunkmesh/routing/route-index.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { histogram } from '@trunkmesh/runtime/metric.otel.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { answerInbound, type LookupOutcome } from './answer.js';
import { createPayloadEncoder } from './payload-encoder.js';

/** From ten microseconds, where a lookup is, to where something is wrong. */
const SECONDS = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1];
const lookupSeconds = histogram(
  'trunkmesh_routing_lookup_seconds',
  'Inbound lookups by outcome, from the request in memory to its answer',
  SECONDS,
);

/** One object an outcome for all lookups, so that a measurement allocates nothing. */
const labels = new Map<LookupOutcome, { outcome: LookupOutcome }>();
function labelOf(outcome: LookupOutcome): { outcome: LookupOutcome } {
  const known = labels.get(outcome);
  if (known !== undefined) return known;
  const label = { outcome };
  labels.set(outcome, label);
  return label;
}

export interface Responder {
  stop(): Promise<void>;
}

/**
 * Answers inbound lookups in the queue group. A plain subscription: Nest's pipeline and its promises cost more than the
 * lookup (ADR 0023). `index` is asked for each time, because it is replaced when the stream was made again.
 */
export function startResponder(nc: NatsConnection, index: () => RouteIndex, logger: Logger): Responder {
  const encode = createPayloadEncoder();
  const lookup = (message: Msg): void => {
    const start = performance.now();
    const { outcome, json } = answerInbound(index(), textOf(message));
    message.respond(encode(json));
    lookupSeconds.record((performance.now() - start) / 1000, labelOf(outcome));
  };
  const failed = (error: unknown): void => logger.error({ err: error }, 'cannot answer an inbound lookup');
  const answer = (message: Msg): void => {
    // Headers are only there where the asker sends some; without them tracing costs this one look.
    const parent = message.headers?.get('traceparent');
    if (parent === undefined || !isSampled(parent)) return lookup(message);
    withSpan('routing.inbound', { parent, kind: 'server' }, () => lookup(message)).catch(failed);
  };
  const subscription = nc.subscribe(ROUTING_INBOUND, {
    queue: ROUTING_QUEUE,
    callback: (error, message) => {
      if (error !== null) return logger.error({ err: error }, 'cannot subscribe to inbound lookups');
      try {
        answer(message);
      } catch (failure) {
        // One request must not end the subscription; the asker has a deadline and a local copy.
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
