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
import type { z } from 'zod';
import { ask, type Question } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { callNotFound } from './call-ending.js';
import { MAX_SKIP } from './call-query.js';
import { unansweredText } from '../nats/unanswered-text.js';

/** billing-observer answers within four seconds, whatever its answer is. */
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
      reply: callLogListAnswer,
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
  const answer = await askCallLog(nats, { subject: CALL_LOG_GET, request: wanted, reply: callLogGetAnswer });
  if (answer.outcome === 'error') throw failure(answer);
  if (answer.outcome === 'not-found') throw callNotFound();
  return answer.call;
}

const unavailable = (what: string) =>
  new DomainError(
    'call-log-unavailable',
    `The call log cannot be read. ${what} Calls continue and none is lost. Retry in a few seconds; if this persists, ` +
      'check that billing-observer is running and ready.',
  );
const failure = ({ code, message }: { code: 'invalid-request' | 'unavailable'; message: string }) =>
  code === 'unavailable'
    ? unavailable(`billing-observer reports: ${message}.`)
    : new DomainError('invalid-request', `The call log rejects this request: ${message}.`);

async function askCallLog<Reply extends z.ZodType>(
  nats: NatsLink,
  question: Pick<Question<Reply>, 'subject' | 'request' | 'reply'>,
): Promise<z.output<Reply>> {
  try {
    return await ask(nats, { ...question, deadlineMs: DEADLINE_MS, span: { name: 'call log' } });
  } catch (error) {
    if (error instanceof Unanswered) throw unavailable(unansweredText('billing-observer', error));
    throw error;
  }
}
