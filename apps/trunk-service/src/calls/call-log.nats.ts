import { headers, RequestError, TimeoutError, type NatsConnection } from '@nats-io/nats-core';
import {
  callLogGetAnswer,
  callLogListAnswer,
  type CallDetail,
  type CallLogGet,
  type CallLogQuery,
  type CallSummary,
} from '@trunkmesh/contracts/call-log.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { CALL_LOG_GET, CALL_LOG_LIST } from '@trunkmesh/contracts/subjects.js';
import { currentTraceparent, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { z } from 'zod';
import type { NatsLink } from '../record/nats-link.nats.js';
import { MAX_SKIP } from './call-query.js';

/** The call log answers within four seconds, whatever its answer is. */
const DEADLINE_MS = 5_000;

export interface CallPage {
  calls: CallSummary[];
  total: number;
}

/**
 * In as many parts as it takes: a part is no larger than a message may be. A call that begins meanwhile moves the
 * others by one, so that the same one may come twice.
 *
 * @throws DomainError call-log-unavailable
 */
export async function listCalls(nats: NatsLink, query: CallLogQuery): Promise<CallPage> {
  const calls = new Map<string, CallSummary>();
  let { skip } = query;
  const end = query.skip + query.limit;
  for (;;) {
    const answer = await askCallLog(nats, {
      subject: CALL_LOG_LIST,
      request: { ...query, skip, limit: end - skip },
      schema: callLogListAnswer,
    });
    if (answer.outcome === 'error') throw failure(answer);
    for (const call of answer.calls) calls.set(call.call_id, call);
    skip += answer.calls.length;
    if (answer.calls.length === 0 || skip >= Math.min(end, answer.total) || skip > MAX_SKIP)
      return { calls: [...calls.values()], total: answer.total };
  }
}

/** @throws DomainError call-not-found, call-log-unavailable */
export async function findCall(nats: NatsLink, wanted: CallLogGet): Promise<CallDetail> {
  const answer = await askCallLog(nats, { subject: CALL_LOG_GET, request: wanted, schema: callLogGetAnswer });
  if (answer.outcome === 'error') throw failure(answer);
  if (answer.outcome === 'not-found') throw callNotFound();
  return answer.call;
}

export const callNotFound = () => new DomainError('call-not-found', 'There is no such call.');

const unavailable = (why: string) =>
  new DomainError(
    'call-log-unavailable',
    `The call log cannot be read at this moment (${why}). Calls go on and none is lost: try again in a few ` +
      'seconds. An operator looks whether billing-observer runs and is ready.',
  );
const failure = ({ code, message }: { code: 'invalid-request' | 'unavailable'; message: string }) =>
  code === 'unavailable'
    ? unavailable(message)
    : new DomainError('invalid-request', `The call log cannot answer this: ${message}.`);

interface Question<Schema extends z.ZodType> {
  subject: string;
  request: unknown;
  schema: Schema;
}

function askCallLog<Schema extends z.ZodType>(
  nats: NatsLink,
  { subject, request, schema }: Question<Schema>,
): Promise<z.output<Schema>> {
  return withSpan('call log', { kind: 'client' }, async () => {
    const reply = await connectionOf(nats)
      .request(subject, JSON.stringify(request), { timeout: DEADLINE_MS, ...traced() })
      .catch((error: unknown) => {
        throw unavailable(reasonOf(error));
      });
    const answer = schema.safeParse(jsonOf(reply.data));
    if (!answer.success) throw unavailable('its answer was not understood');
    return answer.data;
  });
}

function traced() {
  const traceparent = currentTraceparent();
  if (traceparent === undefined) return {};
  const told = headers();
  told.set('traceparent', traceparent);
  return { headers: told };
}

function connectionOf(nats: NatsLink): NatsConnection {
  try {
    return nats.connection();
  } catch {
    throw unavailable('NATS is not reached');
  }
}

/** What became of a request that was not answered. */
export function reasonOf(error: unknown, otherwise = 'NATS is not reached'): string {
  if (error instanceof RequestError) return 'nobody answers';
  return error instanceof TimeoutError ? 'no answer in time' : otherwise;
}

export function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}
