import type { JsMsg } from '@nats-io/jetstream';
import { ALL_CALLS, CALLS_STREAM, OUTBOUND_DURABLE } from '@trunkmesh/contracts/subjects.js';
import { readDurably } from '@trunkmesh/event-log/durable-reader.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Background } from '../event-store/when-opened.pg.js';
import { callFacts } from './call-facts.js';
import { noteFacts } from './outbound-calls.pg.js';
import { releaseEnded } from './permits.pg.js';

/** A limited trunk's channel is free this much later; at 100 events a second a batch then has five of them. */
const APART_MS = 50;

/**
 * Brings the rows of outbound calls up to what the bridges report of them, one batch a statement; all copies share the
 * durable consumer. A batch that cannot be stored comes again.
 */
export function readOutboundCalls(store: EventStore, nats: OwnNatsLink, logger: Logger): Background {
  return readDurably({
    nc: nats.ready,
    stream: CALLS_STREAM,
    durable: OUTBOUND_DURABLE,
    filter: ALL_CALLS,
    apartMs: APART_MS,
    take: async (messages) => {
      const facts = callFacts(messages.map(jsonOf));
      await noteFacts(store, facts);
      await releaseEnded(
        store,
        facts.filter(({ ended_at }) => ended_at !== null).map(({ call_id }) => call_id),
      );
    },
    onFailure: (error) =>
      logger.warn({ err: { message: (error as Error).message } }, 'cannot follow outbound calls; trying again'),
  });
}

function jsonOf(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
