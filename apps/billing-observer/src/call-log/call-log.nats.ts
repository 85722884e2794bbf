import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';
import { callLogGet, callLogQuery } from '@trunkmesh/contracts/call-log.js';
import { CALL_LOG_GET, CALL_LOG_LIST, CALL_LOG_QUEUE } from '@trunkmesh/contracts/subjects.js';
import { histogram } from '@trunkmesh/runtime/metric.otel.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { detailAnswer, failureAnswer, listAnswer } from './call-log-answer.js';
import { findCall, listCalls } from './call-log-query.pg.js';
import { inTurns, TooManyWaiting } from './turns.js';

const answerSeconds = histogram(
  'trunkmesh_call_log_answer_seconds',
  'Requests to the call log by outcome, from the message to its answer',
);

export interface CallLogResponderOptions {
  nc: NatsConnection;
  /** Of its own: whatever is asked, recording has its connections for itself. */
  dataSource: DataSource;
  logger: Logger;
  deadlineMs?: number;
}

export interface CallLogResponder {
  stop(): Promise<void>;
}

const AT_ONCE = 2;
const WAITING = 200;
/**
 *  A server takes no message above its `max_payload`, and the asker's server may have the default where ours has more.
 */
const DEFAULT_MAX_PAYLOAD = 1_048_576;
const SPARE_BYTES = 4_096;

class Late extends Error {
  override readonly name = 'Late';
}

/**
 *  Answers requests to the call log in the queue group: all of them, within the deadline, also those that it cannot
 *  read and those that the database does not answer.
 */
export function startCallLogResponder({
  nc,
  dataSource,
  logger,
  deadlineMs = 4_000,
}: CallLogResponderOptions): CallLogResponder {
  const takeTurn = inTurns(AT_ONCE, WAITING);
  const size = () => ({
    maxBytes: Math.min(nc.info?.max_payload ?? DEFAULT_MAX_PAYLOAD, DEFAULT_MAX_PAYLOAD) - SPARE_BYTES,
    bytesOf: (text: string) => Buffer.byteLength(text),
  });

  const serve = <Schema extends z.ZodType>(
    subject: string,
    schema: Schema,
    answer: (request: z.output<Schema>) => Promise<string>,
  ) => {
    const respond = async (message: Msg) => {
      const began = performance.now();
      const { outcome, text } = await withSpan(
        'call log',
        { parent: message.headers?.get('traceparent'), kind: 'server' },
        () => answerOf(message),
      );
      if (!nc.isClosed()) message.respond(text);
      answerSeconds.record((performance.now() - began) / 1000, { outcome });
    };
    const answerOf = async (message: Msg): Promise<{ outcome: string; text: string }> => {
      const request = schema.safeParse(jsonOf(message));
      if (!request.success)
        return { outcome: 'invalid', text: failureAnswer('invalid-request', sentence(request.error)) };
      const late = new AbortController();
      try {
        const text = await Promise.race([
          takeTurn(() => (late.signal.aborted ? Promise.reject(new Late()) : answer(request.data))),
          sleep(deadlineMs, undefined, { signal: late.signal, ref: false }).then(() => {
            throw new Late(`not within ${deadlineMs} ms`);
          }),
        ]);
        return { outcome: 'answered', text };
      } catch (error) {
        if (!(error instanceof TooManyWaiting))
          logger.warn({ err: error, subject }, 'a request to the call log could not be answered');
        return { outcome: 'unavailable', text: failureAnswer('unavailable', reason(error)) };
      } finally {
        late.abort();
      }
    };
    return nc.subscribe(subject, {
      queue: CALL_LOG_QUEUE,
      callback: (error, message) => {
        if (error !== null) return logger.error({ err: error, subject }, 'the subscription reported an error');
        respond(message).catch((failure: unknown) =>
          logger.error({ err: failure, subject }, 'an answer could not be sent'),
        );
      },
    });
  };

  const subscriptions = [
    serve(CALL_LOG_LIST, callLogQuery, async (query) => {
      const { summaries, total } = await listCalls(dataSource, query);
      return listAnswer(summaries, total, size());
    }),
    serve(CALL_LOG_GET, callLogGet, async (wanted) => {
      const call = await findCall(dataSource, wanted);
      return call === undefined ? JSON.stringify({ outcome: 'not-found' }) : detailAnswer(call, size());
    }),
  ];
  return {
    stop: async () => {
      await Promise.all(
        subscriptions.map((subscription) => (subscription.isClosed() ? undefined : subscription.drain())),
      );
    },
  };
}

function jsonOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}

/** Where the request is wrong, never what stands there. */
function sentence({ issues }: z.ZodError): string {
  const [first] = issues;
  return `${first!.path.length === 0 ? 'the request' : first!.path.join('.')}: ${first!.message}`.slice(0, 200);
}

function reason(error: unknown): string {
  if (error instanceof TooManyWaiting) return 'too many requests at once';
  return error instanceof Late ? 'not answered in time' : 'the database does not answer';
}
