import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { callRequested, type CallRequested } from '@trunkmesh/contracts/call-request.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import {
  ALL_CALL_REQUESTS,
  CALL_REQUESTS_DURABLE,
  CALL_REQUESTS_STREAM,
  callRequestSubject,
  UNREADABLE_CALL_REQUESTS,
} from '@trunkmesh/contracts/subjects.js';
import { readDurably } from '@trunkmesh/event-log/durable-reader.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { counter } from '@trunkmesh/runtime/metric.otel.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Background } from '../event-store/when-opened.pg.js';
import { wishOfEvent } from './call-input.js';
import { fillTexts } from './fill-texts.js';
import type { PlaceCall } from './place-call.pg.js';

const SIDE_BY_SIDE = 8;
/** How often a request is tried that fails for no reason that may pass. */
const DELIVERIES = 3;
const requests = counter(
  'trunkmesh_call_requests_total',
  'Events CallRequested by outcome: placed, refused, repeated, unreadable, failed.',
);

/** Places the calls that services want by an event. Each is acknowledged once its call or its refusal is stored. */
export function readCallRequests(store: EventStore, nats: OwnNatsLink, placeCall: PlaceCall): Background {
  const { logger } = store;
  const setAside = async (message: JsMsg, why: string, outcome = 'unreadable'): Promise<void> => {
    const { connection } = nats;
    if (connection === undefined) throw new Error('not connected to NATS');
    logger.warn({ subject: message.subject, sequence: message.seq, why }, 'set a request for a call aside');
    const from = headers();
    from.set('Trunkmesh-Subject', message.subject);
    const msgID = `unreadable ${message.seq}`;
    await jetstream(connection).publish(UNREADABLE_CALL_REQUESTS, message.data, { headers: from, msgID });
    requests.add(1, { outcome });
  };
  const place = async (message: JsMsg): Promise<void> => {
    const read = requestIn(message);
    if ('unreadable' in read) return setAside(message, read.unreadable);
    const { event } = read;
    const wish = wishOfEvent(event, new Date());
    try {
      requests.add(1, { outcome: await traced(event, () => placeCall.request(wish)) });
    } catch (error) {
      if (error instanceof DomainError && error.code === 'invalid-request') return setAside(message, error.message);
      if (error instanceof DomainError || message.info.deliveryCount < DELIVERIES) throw error;
      // While the database does not answer, every request fails, and none for good.
      await store.query('select 1');
      await placeCall.giveUp(wish).catch((cause: unknown) => {
        logger.error({ err: cause, call_id: wish.call_id }, 'cannot refuse a requested call that always fails');
      });
      await setAside(message, error instanceof Error ? error.message : 'it always fails', 'failed');
    }
  };
  return readDurably({
    nc: nats.ready,
    stream: CALL_REQUESTS_STREAM,
    durable: CALL_REQUESTS_DURABLE,
    filter: ALL_CALL_REQUESTS,
    take: async (messages) => {
      const left = messages.values();
      const work = async (): Promise<void> => {
        for (const message of left) await place(message);
      };
      const done = await Promise.allSettled(Array.from({ length: SIDE_BY_SIDE }, work));
      for (const one of done) if (one.status === 'rejected') throw one.reason as Error;
    },
    onFailure: (error) =>
      logger.warn({ err: { message: (error as Error).message } }, 'cannot place requested calls; trying again'),
  });
}

/** The call belongs to the trace of its request. */
const traced = <T>({ traceparent, data, id }: CallRequested, work: () => Promise<T>): Promise<T> =>
  withSpan(
    'call.requested',
    {
      ...(traceparent === undefined ? {} : { parent: traceparent }),
      kind: 'consumer',
      attributes: { 'call.id': id, 'organization.id': data.organization_id },
    },
    work,
  );

function requestIn(message: JsMsg): { event: CallRequested } | { unreadable: string } {
  const parsed = callRequested.safeParse(jsonOf(message));
  if (!parsed.success) return { unreadable: parsed.error.issues[0]?.message ?? 'not an event' };
  const { data: event } = parsed;
  if (message.subject !== callRequestSubject(event.data.organization_id))
    return { unreadable: 'the subject is of another organisation' };
  const [problem] = fillTexts(event.data).problems;
  return problem === undefined ? { event } : { unreadable: `${problem.pointer} ${problem.message}` };
}

function jsonOf(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
