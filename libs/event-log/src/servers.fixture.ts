import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { trunkSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import type { NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import type { Postgres } from '@trunkmesh/testkit/postgres.process.js';
import { startServers as startBoth } from '@trunkmesh/testkit/servers.process.js';
import { DataSource } from 'typeorm';
import { append, eventStoreMigrations, type NewEvent } from './event-store.pg.js';

export const logger = createLogger('test', { level: process.env.TEST_LOG ?? 'silent' });

/** What this library's specs share: real servers, a fresh database, and what was done undone in reverse. */
export interface Servers {
  postgres: Postgres;
  nats: NatsServer;
  connect(): Promise<NatsConnection>;
  record(): Promise<DataSource>;
  later(undo: () => unknown): void;
  /** After each test. */
  undo(): Promise<void>;
  stop(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const { postgres, nats, stop } = await startBoth();
  const undos: (() => unknown)[] = [];
  let databases = 0;
  const undo = async () => {
    for (const one of undos.splice(0).reverse()) await one();
  };
  return {
    postgres,
    nats,
    later: (one) => {
      undos.push(one);
    },
    undo,
    async connect() {
      const nc = await connectNats(nats.url, { name: 'test', logger });
      undos.push(() => nc.close());
      return nc;
    },
    async record() {
      const url = await postgres.createDatabase(`record_${(databases += 1)}`);
      const dataSource = await openRecord(url);
      undos.push(() => dataSource.destroy());
      return dataSource;
    },
    async stop() {
      await undo();
      await stop();
    },
  };
}

export async function openRecord(url: string, poolSize = 40): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    poolSize,
    migrations: [...eventStoreMigrations],
    poolErrorHandler: () => undefined,
  });
  await dataSource.initialize();
  await dataSource.runMigrations();
  return dataSource;
}

export const ORG = '0190a000-0000-7000-8000-000000000001';
export const subjectOf = (entity: number | string) => trunkSubject(ORG, `trunk-${entity}`);

export function newEvent(entity: number | string, expectedVersion: number, payload = 'x'): NewEvent {
  return {
    subject: subjectOf(entity),
    type: 'TrunkUpdated',
    expectedVersion,
    change: { payload },
    state: { entity, version: expectedVersion + 1, payload },
  };
}

export const write = (record: DataSource, events: readonly NewEvent[]) =>
  record.transaction((tx) => append(tx, events, { source: 'test', now: new Date() }));

export interface InStream {
  sequence: number;
  subject: string;
  id: string;
  payload: string;
}

/** Everything in the stream, in order. */
export async function readStream(nc: NatsConnection): Promise<InStream[]> {
  const { state } = await (await jetstreamManager(nc)).streams.info(TRUNKMESH_STREAM);
  if (state.messages === 0) return [];
  const messages: InStream[] = [];
  const consumer = await jetstream(nc).consumers.get(TRUNKMESH_STREAM);
  const reading = await consumer.consume({ max_messages: 1_000 });
  for await (const message of reading) {
    messages.push({
      sequence: message.seq,
      subject: message.subject,
      id: message.headers?.get('Nats-Msg-Id') ?? '',
      payload: message.string(),
    });
    if (message.info.pending === 0) break;
  }
  return messages;
}

/**
 * The promise: the stream holds exactly the events of the event store. The same payloads byte for byte under the same
 * ids, none twice, none missing, each entity's in the order of versions.
 */
export async function differences(record: DataSource, nc: NatsConnection): Promise<string[]> {
  const events: { id: string; subject: string; version: number; envelope: string }[] = await record.query(
    'select id, subject, version, envelope from events order by position',
  );
  const messages = await readStream(nc);
  const found: string[] = [];
  const byId = new Map<string, InStream>();
  for (const message of messages) {
    if (byId.has(message.id))
      found.push(`twice: ${message.id} at ${byId.get(message.id)!.sequence} and ${message.sequence}`);
    byId.set(message.id, message);
  }
  const reached = new Map<string, { version: number; sequence: number }>();
  for (const { id, subject, version, envelope } of events.sort((a, b) => a.version - b.version)) {
    const message = byId.get(id);
    if (!message) {
      found.push(`missing: ${subject} ${version}`);
      continue;
    }
    byId.delete(id);
    if (message.payload !== envelope || message.subject !== subject) found.push(`other bytes: ${subject} ${version}`);
    const before = reached.get(subject);
    if (before && before.sequence > message.sequence)
      found.push(`out of order: ${subject} ${before.version} at ${before.sequence}, ${version} at ${message.sequence}`);
    reached.set(subject, { version, sequence: message.sequence });
  }
  for (const { sequence, subject } of byId.values()) found.push(`not in the event store: ${subject} at ${sequence}`);
  return found;
}
