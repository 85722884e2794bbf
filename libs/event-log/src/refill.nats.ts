import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { DataSource } from 'typeorm';
import { fencedPublisher } from './fenced-publisher.nats.js';
import { relayLeader } from './relay-leader.nats.js';
import { clientConfig, openRelaySession, type RelaySession } from './relay-session.pg.js';
import { isStreamNotFound } from './ensure-stream.nats.js';
import { ensureEntityStream, type StreamOptions } from './streams.nats.js';

export interface RefillOptions {
  dataSource: Pick<DataSource, 'options'>;
  nc: NatsConnection;
  logger: Logger;
  /** Delete the stream and create it again. Otherwise a stream that holds any message is rejected. */
  replace?: boolean;
  streams?: StreamOptions;
  onProgress?(progress: { done: number; total: number }): void;
  /**
   * Stops after the batch in flight. What is left stays in the outbox: the relay of a running service goes on with it.
   */
  signal?: AbortSignal;
}

export interface RefillResult {
  published: number;
  total: number;
  finished: boolean;
}

/** The stream holds messages and `replace` was not asked for. */
export class StreamNotEmptyError extends Error {
  override readonly name = 'StreamNotEmptyError';
}

const EVENTS_PER_STEP = 512;
const RETRIES = 20;

/**
 * Fills the entities' stream from the event store: the same payloads, byte for byte, under the same ids, in the order
 * of positions. While it runs, it is the relay leader; the services' relays yield within seconds. The services keep
 * accepting commands.
 */
export async function refillStream(options: RefillOptions): Promise<RefillResult> {
  const { nc, logger, streams = {} } = options;
  const session = await openRelaySession(clientConfig(options.dataSource));
  const publisher = fencedPublisher(nc);
  try {
    if (!(await session.lead(options.signal))) return { published: 0, total: 0, finished: false };
    const created = await emptyStream(nc, options.replace ?? false, streams);
    const total = await session.enqueueAll({ created, sequence: 0 });
    logger.info({ total }, 'refilling the stream from the event store');
    const leader = relayLeader({ session, nc, publisher, streams, batch: EVENTS_PER_STEP, logger });
    const published = await drain(leader, session, { ...options, total });
    await leader.finish();
    return published;
  } finally {
    publisher.close();
    await session.end();
  }
}

async function drain(
  leader: ReturnType<typeof relayLeader>,
  session: RelaySession,
  options: RefillOptions & { total: number },
): Promise<RefillResult> {
  const { logger, signal } = options;
  let lost = false;
  void session.lost.then(() => {
    lost = true;
  });
  let published = 0;
  for (let problems = 0; !signal?.aborted;) {
    const step = await leader.step();
    published += step.relayed;
    // Commands are still accepted: the total may have grown.
    const total = Math.max(options.total, published);
    if (step.idle) return { published, total, finished: true };
    options.onProgress?.({ done: published, total });
    problems = step.problem === undefined ? 0 : problems + 1;
    if (step.problem !== undefined)
      logger.warn({ problem: step.problem }, 'JetStream did not take the batch; comparing with the stream');
    if (problems > RETRIES || lost)
      throw new Error(
        `the refill was interrupted: ${step.problem ?? 'the connection to the event store was lost'}; run it again, ` +
          'or let the relay finish it',
      );
  }
  return { published, total: options.total, finished: false };
}

/** When the stream was made. */
async function emptyStream(nc: NatsConnection, replace: boolean, streams: StreamOptions): Promise<string> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  const messages = await manager.streams.info(TRUNKMESH_STREAM).then(
    ({ state }) => state.messages,
    (error: unknown) => {
      if (isStreamNotFound(error)) return undefined;
      throw error;
    },
  );
  if (messages !== undefined && messages > 0 && !replace) {
    throw new StreamNotEmptyError(
      `the stream ${TRUNKMESH_STREAM} holds ${messages} messages: use --replace to delete it and refill it ` +
        'from the event store',
    );
  }
  if (messages !== undefined && replace) await manager.streams.delete(TRUNKMESH_STREAM);
  await ensureEntityStream(nc, streams);
  return (await manager.streams.info(TRUNKMESH_STREAM)).created as unknown as string;
}
