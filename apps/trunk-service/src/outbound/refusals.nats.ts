import { jetstream, jetstreamManager, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { callRefused, type CallRefused } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { ZodError } from 'zod';
import { markPublished, putOffPublication, unpublishedRefusals, type LeftRefusal } from './refusals.pg.js';

const DEADLINE_MS = 3_000;
const EVENTS_PER_LOOK = 200;

/**
 * At least once, by the same id. Only as the call's first event: where another is there, this one was published before,
 * or a bridge has the call after all and reports its end.
 */
export async function publishRefusal(nats: NatsLink, store: EventStore, event: CallRefused): Promise<void> {
  const { connection } = nats;
  if (connection === undefined) return;
  const first = await jetstream(connection)
    .publish(event.subject, JSON.stringify(event), {
      msgID: event.id,
      timeout: DEADLINE_MS,
      expect: { lastSubjectSequence: 0 },
    })
    .then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamWrongLastSequence)
          throw error;
        return isFirst(connection, event);
      },
    );
  await markPublished(store, event.data.call_id, first);
}

async function isFirst(connection: NatsConnection, { subject, id }: CallRefused): Promise<boolean> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: DEADLINE_MS });
  const found = await manager.direct.getMessage(CALLS_STREAM, { seq: 1, next_by_subj: subject });
  return found?.json<{ id?: unknown }>().id === id;
}

/** What was left unpublished because NATS was away, or a process died. One that fails does not hold up the others. */
export async function publishLeftRefusals(nats: NatsLink, store: EventStore): Promise<void> {
  for (const left of await unpublishedRefusals(store, EVENTS_PER_LOOK)) {
    if (nats.connection === undefined) return;
    const error = await publishLeft(nats, store, left);
    if (error === undefined) continue;
    await putOffPublication(store, left.call_id);
    const err = { message: error.message };
    store.logger.error({ err, call_id: left.call_id }, 'cannot publish a refused call; trying again');
    // Without an answer of the stream the others would fail as well, and each only after its deadline.
    if (!(error instanceof SyntaxError || error instanceof ZodError || error instanceof JetStreamApiError)) return;
  }
}

const publishLeft = async (nats: NatsLink, store: EventStore, { event }: LeftRefusal): Promise<Error | undefined> => {
  try {
    await publishRefusal(nats, store, callRefused.parse(JSON.parse(event)));
    return undefined;
  } catch (error) {
    return error as Error;
  }
};
