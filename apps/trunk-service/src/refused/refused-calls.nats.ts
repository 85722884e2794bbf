import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { callsRefused, type CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { REFUSED_DURABLE, refusedStoredSubject, REFUSED_STREAM } from '@trunkmesh/contracts/subjects.js';
import { readDurably } from '@trunkmesh/event-log/durable-reader.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { RefusedNews } from './refused-news.js';
import { forgetRefusedCalls } from './refused-calls.pg.js';
import { storeRefusedCalls } from './store-refused-calls.pg.js';

export interface RefusedCallsConsumer {
  stop(): Promise<void>;
}

export interface RefusedCallsOptions {
  store: Pick<EventStore, 'query'>;
  nc: Promise<NatsConnection>;
  /** How long the texts of INVITEs are kept. */
  messagesDays: number;
  logger: Logger;
}

/** Whoever looks reads the list again so often at most. */
const NEWS_EVERY_MS = 1_000;
const FORGET_EVERY_MS = 600_000;

/**
 * Stores what the bridges refused, without end, one batch a statement; all copies share the durable consumer. A batch
 * that cannot be stored comes again.
 */
export function startRefusedCalls({ store, nc, messagesDays, logger }: RefusedCallsOptions): RefusedCallsConsumer {
  // A reader who misses it sees the calls with the next one, or when the view is read again.
  const say = (organization: string) =>
    void nc.then((connection) => connection.publish(refusedStoredSubject(organization))).catch(() => undefined);
  const news = new RefusedNews(say);
  const turning = setInterval(() => news.turn(), NEWS_EVERY_MS);
  const reader = readDurably({
    nc,
    stream: REFUSED_STREAM,
    durable: REFUSED_DURABLE,
    take: async (messages) => {
      const rows = messages.flatMap((message) => rowOf(message, logger));
      for (const organization of await storeRefusedCalls(store, rows)) news.add(organization);
    },
    onFailure: (error) => logger.warn({ err: error }, 'refused calls could not be stored; trying again'),
  });
  const forgetting = setInterval(() => {
    forgetRefusedCalls(store, { messagesDays }).catch((error: unknown) => {
      logger.warn({ err: error }, 'old refused calls could not be deleted; trying again');
    });
  }, FORGET_EVERY_MS);
  return {
    async stop() {
      clearInterval(forgetting);
      clearInterval(turning);
      await reader.stop();
    },
  };
}

function rowOf(message: JsMsg, logger: Logger): CallsRefused['data'][] {
  try {
    return [callsRefused.parse(message.json()).data];
  } catch {
    logger.warn(
      { subject: message.subject, sequence: message.seq },
      'an event about refused calls cannot be read and is passed over',
    );
    return [];
  }
}
