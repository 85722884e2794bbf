import type { NatsConnection } from '@nats-io/transport-node';
import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { Ordered } from './ordered.nats.js';

export interface FollowOptions<Event> {
  stream: string;
  /** Several are read side by side: order holds within each, and so within a subject. */
  filter: string | readonly string[];
  /**
   * State first: the last event of each subject, then all that follow. A subject's older events may come before its
   * last where the server is quicker so (a stream with few events a subject). Or everything from this sequence on.
   */
  from: 'last-per-subject' | number;
  /**
   * Synchronous; what it throws is logged and the event left out. Each event once, within a subject in the order of
   * versions.
   */
  onEvent(event: Event, at: { sequence: number; subject: string }): void;
  /** All that was there at the start was handed over, also when that was nothing. Called again after a reset. */
  onCaughtUp(): void;
  /** The stream was lost or recreated: discard all state. All events follow again. */
  onReset?(): void;
  logger: Logger;
  /**
   * For a reader that needs only a part, or knows a faster way. The bytes are valid during the call only. Default:
   * JSON, unchecked.
   */
  decode?(bytes: Uint8Array): Event;
  heartbeatMs?: number;
}

export interface Followed {
  /** Everything up to this sequence of the stream was handed over. */
  position(): number;
  /** How many events the server had left when it sent the last. */
  pending(): number;
  stop(): Promise<void>;
}

export function follow<Event = AnyEvent>(nc: NatsConnection, options: FollowOptions<Event>): Followed {
  const { stream, from, logger, heartbeatMs, decode = decodeJson as (bytes: Uint8Array) => Event } = options;
  const filters = typeof options.filter === 'string' ? [options.filter] : options.filter;
  const caughtUp = new Set<string>();
  const readers = filters.map(
    (filter) =>
      new Ordered(nc, {
        stream,
        filter,
        from,
        logger,
        heartbeatMs,
        onMessage: (message, { sequence }) =>
          options.onEvent(decode(message.data), { sequence, subject: message.subject }),
        onCaughtUp: () => {
          caughtUp.add(filter);
          if (caughtUp.size === filters.length) options.onCaughtUp();
        },
        onReset: () => {
          // Once for all: the others begin again with this one, before any of them hands over what is new.
          caughtUp.clear();
          options.onReset?.();
          for (const [index, other] of readers.entries()) if (filters[index] !== filter) other.restart();
        },
      }),
  );
  return {
    position: () => {
      const behind = readers.filter((reader) => reader.pending() > 0);
      return behind.length > 0
        ? Math.min(...behind.map((reader) => reader.position()))
        : Math.max(...readers.map((reader) => reader.position()));
    },
    pending: () => readers.reduce((sum, reader) => sum + reader.pending(), 0),
    stop: async () => {
      await Promise.all(readers.map((reader) => reader.stop()));
    },
  };
}

/** A view on the bytes, not a copy; Buffer's own decoder is the quicker one for a few hundred bytes. */
function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
}
