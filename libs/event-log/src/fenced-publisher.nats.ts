import { setImmediate as turn } from 'node:timers/promises';
import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';

export interface Publication {
  id: string;
  subject: string;
  envelope: string;
}

/**
 * The end of the stream as the publisher knows it. `id` undefined: it has read the end, and has not written it itself.
 */
export interface StreamEnd {
  sequence: number;
  id?: string;
}

export interface PublishOutcome {
  /** How many of the batch, from its beginning, are in the stream for certain. */
  acknowledged: number;
  /**
   * Why the others are not, or are not known to be. The stream's end must be read again before anything else is
   * published.
   */
  problem?: string;
}

export interface FencedPublisher {
  publish(batch: readonly Publication[], end: StreamEnd): Promise<PublishOutcome>;
  /** Ends what is in flight; called when the connection breaks, too, because nothing in flight is answered then. */
  abort(reason: string): void;
  close(): void;
}

/** Without an answer for this long an answer does not come. */
const ACK_DEADLINE_MS = 5_000;
/** About 2 ms of work, after which requests to this process have their turn. */
const PUBLISHED_PER_TURN = 25;

interface Flight {
  generation: number;
  base: number;
  size: number;
  acknowledged: number;
  timer: NodeJS.Timeout;
  land(outcome: PublishOutcome): void;
}

/**
 * Publishes whole batches without waiting in between, so that JetStream accepts a beginning of the batch and nothing
 * after the first that it refuses.
 *
 * Each message names its predecessor twice, by sequence and by id. The sequence alone is not enough in a pipeline:
 * another publisher's message in between makes JetStream refuse one and then accept the next, whose expected sequence
 * has come true. The id alone is not enough either: the server knows its last id only within the duplicate window after
 * a restart. So the first message after the end was read is sent on its own, guarded by the sequence (a writer that
 * read the stream up to there knows all of it); the others follow in a chain.
 */
export function fencedPublisher(nc: NatsConnection): FencedPublisher {
  const inbox = createInbox();
  let flight: Flight | undefined;
  let generations = 0;

  const land = (outcome: PublishOutcome) => {
    if (!flight) return;
    clearTimeout(flight.timer);
    const { land: resolve } = flight;
    flight = undefined;
    resolve(outcome);
  };
  const abort = (problem: string) => land({ acknowledged: flight?.acknowledged ?? 0, problem });

  const subscription = nc.subscribe(`${inbox}.*.*`, {
    callback: (error, message) => {
      if (!flight) return;
      if (error) return abort(error.message);
      const [generation, index] = message.subject
        .slice(inbox.length + 1)
        .split('.')
        .map(Number);
      if (generation !== flight.generation) return;
      const problem =
        index === flight.acknowledged ? problemOf(message, flight.base + index + 1) : 'an acknowledgement is missing';
      if (problem !== undefined) return abort(problem);
      flight.acknowledged += 1;
      flight.timer.refresh();
      if (flight.acknowledged === flight.size) land({ acknowledged: flight.size });
    },
  });

  const send = async (batch: readonly Publication[], end: StreamEnd, generation: number): Promise<void> => {
    let previous = end.id;
    for (const [index, { id, subject, envelope }] of batch.entries()) {
      if (index > 0 && index % PUBLISHED_PER_TURN === 0) await turn();
      // The batch has ended since: no message of it may follow the first rejected one.
      if (flight?.generation !== generation) return;
      nc.publish(subject, envelope, {
        reply: `${inbox}.${generation}.${index}`,
        headers: guards(id, end.sequence + index, previous),
      });
      previous = id;
    }
  };

  const fly = (batch: readonly Publication[], end: StreamEnd) =>
    new Promise<PublishOutcome>((resolve) => {
      const generation = (generations += 1);
      const timer = setTimeout(() => abort('JetStream did not answer'), ACK_DEADLINE_MS);
      flight = { generation, base: end.sequence, size: batch.length, acknowledged: 0, timer, land: resolve };
      void send(batch, end, generation).catch((error: unknown) => {
        if (flight?.generation === generation) abort(error instanceof Error ? error.message : 'could not be published');
      });
    });

  return {
    abort,
    async publish(batch, end) {
      if (end.id !== undefined || batch.length <= 1) return fly(batch, end);
      const first = await fly(batch.slice(0, 1), end);
      if (first.problem !== undefined) return first;
      const rest = await fly(batch.slice(1), { sequence: end.sequence + 1, id: batch[0]!.id });
      return { ...rest, acknowledged: rest.acknowledged + 1 };
    },
    close: () => {
      abort('closed');
      subscription.unsubscribe();
    },
  };
}

function guards(id: string, lastSequence: number, lastId: string | undefined) {
  const guard = headers();
  guard.set('Nats-Msg-Id', id);
  guard.set('Nats-Expected-Stream', TRUNKMESH_STREAM);
  guard.set('Nats-Expected-Last-Sequence', String(lastSequence));
  if (lastId !== undefined) guard.set('Nats-Expected-Last-Msg-Id', lastId);
  return guard;
}

/** Why this answer is not the plain acknowledgement of exactly this sequence. */
function problemOf(message: Msg, sequence: number): string | undefined {
  if (message.data.length === 0)
    return message.headers?.code === 503 ? "nobody takes the stream's subjects" : 'an empty acknowledgement';
  const answer = message.json<{ seq?: number; duplicate?: boolean; error?: { description?: string } }>();
  if (answer.error) return answer.error.description ?? 'refused';
  if (answer.duplicate) return 'it is already there';
  return answer.seq === sequence ? undefined : `acknowledged at ${answer.seq}, not at ${sequence}`;
}
