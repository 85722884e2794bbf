import type { JsMsg } from '@nats-io/jetstream';
import { readDurably } from '@trunkmesh/event-log/durable-reader.nats.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Background } from '../event-store/when-opened.pg.js';

/** A message of a stream; `value` undefined: it is not JSON. */
export interface StreamMessage {
  sequence: number;
  value: unknown;
}

export interface BatchOptions {
  stream: string;
  /** The durable consumer, which all copies of the service share. */
  durable: string;
  filter: string;
  /** For the log: `cannot read <what>`. */
  what: string;
  nats: OwnNatsLink;
  logger: Logger;
  /** A batch that fails comes again. */
  store(messages: readonly StreamMessage[]): Promise<void>;
}

/** Reads what others publish as JSON, without end. */
export function readBatches({ stream, durable, filter, what, nats, logger, store }: BatchOptions): Background {
  return readDurably({
    nc: nats.ready,
    stream,
    durable,
    filter,
    take: (messages) => store(messages.map((message) => ({ sequence: message.seq, value: jsonOf(message) }))),
    onFailure: (error) =>
      logger.warn({ err: { message: (error as Error).message } }, `cannot read ${what}; trying again`),
  });
}

function jsonOf(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
