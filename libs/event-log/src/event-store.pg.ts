import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import { type EntityManager, type MigrationInterface, QueryFailedError } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { CreateEventStore1764000000000 } from './event-store.migration.js';
import { prepared } from './prepared.pg.js';

/** For the `migrations` of the DataSource that holds the event store. */
export const eventStoreMigrations: readonly (new () => MigrationInterface)[] = [CreateEventStore1764000000000];

export interface NewEvent {
  /** From contracts/subjects.ts. */
  subject: string;
  type: string;
  /** The entity's version before this event; 0: it has none. Several events of one entity in one append count on. */
  expectedVersion: number;
  change: unknown;
  /** The entity's whole state after it; `null`: it was deleted. */
  state: unknown;
}

export interface AppendMeta {
  /** CloudEvents `source`. */
  source: string;
  now: Date;
  traceparent?: string;
  /** Of the envelope (contracts/envelope.ts). */
  actor?: string;
  actoraddress?: string;
}

/**
 * The version is taken, or the one before is not there: the command was decided on a state that is not the last. The
 * transaction must be rolled back.
 */
export class ConcurrencyError extends Error {
  override readonly name = 'ConcurrencyError';
  constructor(
    readonly subjects: readonly string[],
    options?: ErrorOptions,
  ) {
    super(`decided on a version that is not the last: ${subjects.slice(0, 3).join(', ')}`, options);
  }
}

/** Bounds the memory of one statement: an event has about a kilobyte. */
const EVENTS_PER_STATEMENT = 5_000;
/** nats-server's `max_payload` is 1 MiB unless configured otherwise, headers included. */
const LARGEST_ENVELOPE = 900_000;
const UNIQUE_VIOLATION = '23505';

/**
 * One round trip, whatever the number of events: `expected` is given for an entity's first event in the statement,
 * where its predecessor must already be there (READ COMMITTED: committed, or of this transaction). Identity values are
 * handed out in the order of `order by`, so positions are causal within an entity.
 */
const APPEND = `
  with stored as (
    insert into events (subject, version, id, time, envelope)
    select new.subject, new.version, new.id, $5, new.envelope
    from unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $6::int[]) with ordinality as new (subject, version,
      id, envelope, expected, place)
    where new.expected = 0 or exists (select from events before where before.subject = new.subject and before.version
      = new.expected)
    order by new.place
    returning position
  )
  insert into outbox (position) select position from stored`;

/**
 * The same for one event, as most commands have: without the arrays it costs PostgreSQL half and this process two
 * thirds.
 */
const APPEND_ONE = `
  with stored as (
    insert into events (subject, version, id, time, envelope)
    select $1::text, $2::int, $3::uuid, $5::timestamptz, $4::text
    where $6::int = 0 or exists (select from events before where before.subject = $1 and before.version = $6)
    returning position
  )
  insert into outbox (position) select position from stored`;

/**
 * Stores the events and puts them into the outbox, inside the caller's transaction; gives them back as they are
 * stored.
 */
export async function append(tx: EntityManager, events: readonly NewEvent[], meta: AppendMeta): Promise<AnyEvent[]> {
  const stored: AnyEvent[] = [];
  for (let from = 0; from < events.length; from += EVENTS_PER_STATEMENT)
    stored.push(...(await appendChunk(tx, events.slice(from, from + EVENTS_PER_STATEMENT), meta)));
  return stored;
}

async function appendChunk(tx: EntityManager, chunk: readonly NewEvent[], meta: AppendMeta): Promise<AnyEvent[]> {
  const { events, stored } = startAppend(tx, chunk, meta);
  await stored;
  return events;
}

/**
 * The events as they will be stored, while they are being stored: what else the transaction writes of them need not
 * wait for PostgreSQL's answer. `stored` must be awaited before the commit, whatever else failed.
 */
export function startAppend(
  tx: EntityManager,
  chunk: readonly NewEvent[],
  meta: AppendMeta,
): { events: AnyEvent[]; stored: Promise<void> } {
  const time = meta.now.toISOString();
  const events = chunk.map((event) => envelope(event, time, meta));
  const envelopes = events.map((event) => JSON.stringify(event));
  refuseUnpublishable(events, envelopes);
  return { events, stored: storeChunk(tx, { chunk, events, envelopes, time }) };
}

interface Chunk {
  chunk: readonly NewEvent[];
  events: readonly AnyEvent[];
  envelopes: readonly string[];
  time: string;
}

async function storeChunk(tx: EntityManager, { chunk, events, envelopes, time }: Chunk): Promise<void> {
  const seen = new Set<string>();
  const predecessors = chunk.map(({ subject, expectedVersion }) => {
    if (seen.has(subject)) return 0;
    seen.add(subject);
    return expectedVersion;
  });
  const { rowCount } = await prepared(tx, statementOf({ events, envelopes, predecessors, time })).catch(
    (error: unknown) => {
      throw isVersionTaken(error) ? new ConcurrencyError([...seen], { cause: error }) : error;
    },
  );
  if (rowCount !== events.length) throw new ConcurrencyError([...seen]);
}

function statementOf({
  events,
  envelopes,
  predecessors,
  time,
}: Omit<Chunk, 'chunk'> & { predecessors: readonly number[] }): { name: string; text: string; values: unknown[] } {
  const [one, ...others] = events;
  if (one !== undefined && others.length === 0) {
    return {
      name: 'event-log append one',
      text: APPEND_ONE,
      values: [one.subject, one.entityversion, one.id, envelopes[0], time, predecessors[0]],
    };
  }
  const values = [
    events.map(({ subject }) => subject),
    events.map(({ entityversion }) => entityversion),
    events.map(({ id }) => id),
    envelopes,
    time,
    predecessors,
  ];
  return { name: 'event-log append', text: APPEND, values };
}

/** CloudEvents 1.0 (contracts/envelope.ts). Shapes are the caller's and not checked again. */
function envelope(
  { subject, type, expectedVersion, change, state }: NewEvent,
  time: string,
  { source, traceparent, actor, actoraddress }: AppendMeta,
): AnyEvent {
  return {
    specversion: '1.0',
    id: uuidv7(),
    source,
    type,
    subject,
    time,
    datacontenttype: 'application/json',
    entityversion: expectedVersion + 1,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(actor === undefined ? {} : { actor }),
    ...(actoraddress === undefined ? {} : { actoraddress }),
    data: { change, state },
  };
}

/** An event that JetStream rejects would block the relay and every later event. */
function refuseUnpublishable(events: readonly AnyEvent[], envelopes: readonly string[]): void {
  for (const [index, { subject }] of events.entries()) {
    if (/[\s*>]/.test(subject) || entityOfSubject(subject) === undefined)
      throw new TypeError(`not a subject of the entities' stream: ${JSON.stringify(subject)}`);
    const text = envelopes[index]!;
    if (text.length > LARGEST_ENVELOPE / 3 && Buffer.byteLength(text) > LARGEST_ENVELOPE)
      throw new TypeError(`an event of ${subject} is larger than ${LARGEST_ENVELOPE} bytes`);
  }
}

function isVersionTaken(error: unknown): boolean {
  const cause = error instanceof QueryFailedError ? error.driverError : error;
  const { code, constraint } = cause as { code?: string; constraint?: string };
  return code === UNIQUE_VIOLATION && constraint === 'events_subject_version';
}
