import { jetstream } from '@nats-io/jetstream';
import type { CallEvent } from '@trunkmesh/contracts/call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

/** Resolves when the CALLS stream has the event, or had it already. Rejects at once while NATS is disconnected. */
export type PublishCallEvent = (event: CallEvent) => Promise<void>;

const ACK_DEADLINE_MS = 5_000;

/** The event's id is its message id: a quick retry is stored once, and readers recognise a late one by the id. */
export const publishCallEvents =
  (link: NatsLink): PublishCallEvent =>
  async (event) => {
    if (link.connection === undefined) throw new Error('NATS is unreachable');
    await jetstream(link.connection).publish(event.subject, JSON.stringify(event), {
      msgID: event.id,
      timeout: ACK_DEADLINE_MS,
    });
  };
