import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { RelayPosition, RelaySession } from './relay-session.pg.js';
import { type StreamEvent, streamEvent } from './stream-event.js';
import { reportUnknown, restoreStream } from './stream-restore.nats.js';
import { isStreamNotFound } from './ensure-stream.nats.js';
import { ensureEntityStream, type StreamOptions } from './streams.nats.js';

/** Messages read side by side. */
const READ_AHEAD = 64;
const MESSAGES_PER_READ = 1_024;
/** Short, because a relay that stops while NATS is unreachable waits this long. */
const REQUEST_MS = 2_000;

export interface CompareOptions {
  nc: NatsConnection;
  session: RelaySession;
  streams: StreamOptions;
  logger: Logger;
}

/**
 * Brings the outbox in line with what JetStream really has, and gives the stream's end. What was published and not yet
 * taken out of the outbox (a leader that was killed, an acknowledgement that was lost) is found by its id in what
 * follows the last position compared. A stream that is not the one that was compared, or is shorter, has lost events:
 * what it lacks is put into the outbox again.
 */
export async function compareWithStream(options: CompareOptions): Promise<RelayPosition & { created: string }> {
  const { session } = options;
  const info = await entityStream(options);
  const end = { created: info.created as unknown as string, sequence: info.state.last_seq };
  const known = await session.position();
  if (known.created !== end.created || known.sequence > end.sequence) {
    await restoreStream({ ...options, end, known });
    return end;
  }
  for (let from = known.sequence + 1; from <= end.sequence; from += MESSAGES_PER_READ) {
    const last = Math.min(from + MESSAGES_PER_READ - 1, end.sequence);
    const found = await eventsBetween(options.nc, from, last);
    await reportUnknown(session, found, options.logger);
    await session.settleById(
      found.map(({ id }) => id),
      { created: end.created, sequence: last },
    );
  }
  return end;
}

async function entityStream({ nc, streams, logger }: CompareOptions): Promise<StreamInfo> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_MS });
  try {
    return await manager.streams.info(TRUNKMESH_STREAM);
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
    logger.warn({ stream: TRUNKMESH_STREAM }, 'the stream is not there; making it');
    await ensureEntityStream(nc, streams);
    return manager.streams.info(TRUNKMESH_STREAM);
  }
}

/** From the stream's leader, not by direct get, which a replica that is behind may answer. */
async function eventsBetween(nc: NatsConnection, from: number, last: number): Promise<StreamEvent[]> {
  const { streams } = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_MS });
  const events: StreamEvent[] = [];
  for (let seq = from; seq <= last; seq += READ_AHEAD) {
    const wanted = Array.from({ length: Math.min(READ_AHEAD, last - seq + 1) }, (_, index) => seq + index);
    const messages = await Promise.all(wanted.map((one) => streams.getMessage(TRUNKMESH_STREAM, { seq: one })));
    for (const message of messages) {
      const event = message && streamEvent(message.subject, message.string());
      if (event) events.push(event);
    }
  }
  return events;
}
