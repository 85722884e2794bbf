import {
  callLogGetAnswer,
  callLogListAnswer,
  type CallDetail,
  type CallLogGet,
  type CallLogQuery,
  type CallSummary,
} from '@trunkmesh/contracts/call-log.js';
import { CALL_LOG_GET, CALL_LOG_LIST } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { callNotFound } from './call-ending.js';
import { MAX_SKIP } from './call-query.js';
import { observerOf } from '../nats/observer.nats.js';

const observer = observerOf({
  code: 'call-log-unavailable',
  cannot: 'The call log cannot be read.',
  meanwhile: 'Calls continue and none is lost.',
  span: 'call log',
});

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
    const answer = await observer.ask(nats, {
      subject: CALL_LOG_LIST,
      request: { ...query, skip, limit: end - skip },
      reply: callLogListAnswer,
    });
    if (answer.outcome === 'error') throw observer.failure(answer);
    for (const call of answer.calls) calls.set(call.call_id, call);
    skip += answer.calls.length;
    if (answer.calls.length === 0 || skip >= Math.min(end, answer.total) || skip > MAX_SKIP)
      return { calls: [...calls.values()], total: answer.total };
  }
}

/**
 * Undefined: no event of the call is in the log.
 *
 * @throws DomainError call-log-unavailable
 */
export async function callInLog(nats: NatsLink, wanted: CallLogGet): Promise<CallDetail | undefined> {
  const answer = await observer.ask(nats, { subject: CALL_LOG_GET, request: wanted, reply: callLogGetAnswer });
  if (answer.outcome === 'error') throw observer.failure(answer);
  return answer.outcome === 'not-found' ? undefined : answer.call;
}

/** @throws DomainError call-not-found, call-log-unavailable */
export async function findCall(nats: NatsLink, wanted: CallLogGet): Promise<CallDetail> {
  const call = await callInLog(nats, wanted);
  if (call === undefined) throw callNotFound();
  return call;
}
