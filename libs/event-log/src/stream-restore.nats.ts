import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter } from '@trunkmesh/runtime/metric.otel.js';
import { Ordered } from './ordered.nats.js';
import { patient, type RelayPosition, type RelaySession } from './relay-session.pg.js';
import { type StreamEvent, streamEvent } from './stream-event.js';

export interface RestoreOptions {
  nc: NatsConnection;
  session: RelaySession;
  end: RelayPosition;
  known: RelayPosition;
  logger: Logger;
}

const MESSAGES_PER_COMPARISON = 10_000;
/** Well within the session's idle timeout: a server may be long about the first message of a large stream. */
const SIGN_OF_LIFE_MS = 4_000;

/**
 * Adds to the outbox the events that the stream lacks, and removes those that it has. Of each entity the stream holds
 * the first events without a gap, so the last version of each entity is enough to know what is missing.
 */
export async function restoreStream({ nc, session, end, known, logger }: RestoreOptions): Promise<void> {
  if (end.sequence === 0) {
    const waiting = await session.enqueueAll(end);
    if (waiting > 0) logger.warn({ waiting, known }, 'the stream is empty; publishing the whole event store');
    return;
  }
  logger.warn({ known, found: end }, 'the stream has changed unexpectedly; comparing it with the whole event store');
  const { client } = session;
  await client.query('create temporary table if not exists relayed (subject text, version integer, id uuid)');
  await client.query('truncate relayed');
  for await (const chunk of lastOfEachSubject(nc, logger)) {
    await client.query(
      'insert into relayed (subject, version, id) select * from unnest($1::text[], $2::int[], $3::uuid[])',
      [chunk.map(({ subject }) => subject), chunk.map(({ version }) => version), chunk.map(({ id }) => id)],
    );
  }
  await client.query('analyze relayed');
  const { rows } = await patient(client, COMPARE, [end.created, end.sequence]);
  const { missing, unknown } = rows[0] as { missing: number; unknown: number };
  await client.query('truncate relayed');
  logger.warn({ missing }, 'publishing again the events that the stream had lost');
  if (unknown > 0) warnOfUnknown(logger, unknown);
}

/**
 * Events of the stream that the event store lacks: it was restored from an older copy, or the stream belongs to another
 * event store. The event store is authoritative, so the relay continues; followers of the stream may hold events that
 * no longer exist.
 */
export async function reportUnknown(
  { client }: RelaySession,
  found: readonly StreamEvent[],
  logger: Logger,
): Promise<void> {
  const { rows } = await client.query<{ unknown: number }>(UNKNOWN, [
    found.map(({ subject }) => subject),
    found.map(({ version }) => version),
    found.map(({ id }) => id),
  ]);
  if (rows[0]!.unknown > 0) warnOfUnknown(logger, rows[0]!.unknown);
}

function warnOfUnknown(logger: Logger, unknown: number): void {
  unknownEvents.add(unknown);
  logger.error(
    { unknown },
    'the stream has events that the event store lacks: the event store is an older copy, or the stream belongs to ' +
      'another one. "refill --replace" rebuilds the stream from the event store',
  );
}

const unknownEvents = counter(
  'trunkmesh_relay_unknown_events_total',
  'Events found in the stream that the event store lacks',
);

const UNKNOWN = `
  select count(*)::int as unknown
  from unnest($1::text[], $2::int[], $3::uuid[]) as found (subject, version, id) left join events using (subject,
    version)
  where events.id is distinct from found.id`;

/** A reader may give an entity's older events as well. */
const COMPARE = `
  with last as materialized (
    select distinct on (subject) subject, version, id from relayed order by subject, version desc
  ), missing as (
    insert into outbox (position)
    select position from events left join last using (subject)
    where events.version > coalesce(last.version, 0)
    order by position
    on conflict do nothing returning 1
  ), there as (
    delete from outbox using events, last
    where events.position = outbox.position and last.subject = events.subject and events.version <= last.version
  ), moved as (
    update relay set stream_created = $1, stream_sequence = $2
  )
  select (select count(*)::int from missing) as missing,
    (select count(*)::int from last left join events using (subject, version) where events.id is distinct from
      last.id) as unknown`;

async function* lastOfEachSubject(nc: NatsConnection, logger: Logger): AsyncGenerator<StreamEvent[]> {
  let read: StreamEvent[] = [];
  let finished = false;
  let failed: Error | undefined;
  let wake = () => {};
  const reader = new Ordered(nc, {
    stream: TRUNKMESH_STREAM,
    from: 'last-per-subject',
    logger,
    onMessage: (message) => {
      const event = streamEvent(message.subject, message.string());
      if (event) read.push(event);
      if (read.length >= MESSAGES_PER_COMPARISON) wake();
    },
    onCaughtUp: () => {
      finished = true;
      wake();
    },
    onReset: () => {
      failed = new Error('the stream was recreated while it was compared');
      wake();
    },
  });
  try {
    while (!finished || read.length > 0) {
      if (failed) throw failed;
      const chunk = read;
      read = [];
      yield chunk;
      if (chunk.length === 0 && !finished)
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          pause(SIGN_OF_LIFE_MS, undefined, { ref: false }),
        ]);
    }
  } finally {
    await reader.stop();
  }
}
