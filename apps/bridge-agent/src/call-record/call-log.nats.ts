import { jetstream } from '@nats-io/jetstream';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

/** Resolves when the CALLS stream has the event, now or from before. Rejects at once while NATS is away. */
export type PublishCallEvent = (event: CallEvent) => Promise<void>;

const ACK_DEADLINE_MS = 5_000;

/**
 *  The event's id is its message id: what is sent again soon is stored once, and what is sent again late is known to
 *  the reader by the same id.
 */
export const publishCallEvents =
  (link: NatsLink): PublishCallEvent =>
  async (event) => {
    if (link.connection === undefined) throw new Error('NATS is away');
    await jetstream(link.connection).publish(event.subject, JSON.stringify(event), {
      msgID: event.id,
      timeout: ACK_DEADLINE_MS,
    });
  };
