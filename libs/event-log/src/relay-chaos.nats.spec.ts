import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { DataSource } from 'typeorm';
import { append, ConcurrencyError } from './event-store.pg.js';
import { loadLast } from './stored-events.pg.js';
import { Relay } from './relay.nats.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { differences, logger, newEvent, type Servers, startServers, subjectOf, write } from './servers.fixture.js';
import { slowWire } from './slow-wire.fixture.js';
import { ensureStreams } from './streams.nats.js';

let servers: Servers;
beforeAll(async () => {
  servers = await startServers();
}, 60_000);
afterEach(() => servers?.undo());
afterAll(() => servers?.stop());

/** Mulberry32: the same seed gives the same interleaving of what we decide (not of what the machine does). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const WRITERS = 32;

/**
 * Writers on few entities, so that they collide; some hold their transaction open, so that positions become visible
 * out of order.
 */
async function writing(record: DataSource, each: number, seed: number, wake: () => void): Promise<number> {
  let written = 0;
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const next = random(seed * 1_000 + writer);
      for (let done = 0; done < each;) {
        const entity = Math.floor(next() * 40);
        const several = 1 + Math.floor(next() * 4);
        const hold = next() < 0.1 ? Math.floor(next() * 30) : 0;
        try {
          await record.transaction(async (tx) => {
            const last = await loadLast(tx, subjectOf(entity));
            await append(
              tx,
              Array.from({ length: several }, (_, index) =>
                newEvent(entity, (last?.version ?? 0) + index, `writer ${writer}`),
              ),
              { source: 'test', now: new Date() },
            );
            if (hold > 0) await pause(hold);
          });
          done += 1;
          written += several;
          wake();
        } catch (error) {
          if (!(error instanceof ConcurrencyError)) throw error;
        }
      }
    }),
  );
  return written;
}

type Disturbance = (relays: Relay[]) => Promise<void>;

async function holds(options: {
  seed: number;
  each: number;
  disturb: (next: () => number, start: () => Promise<Relay>, record: DataSource) => Disturbance[];
}): Promise<void> {
  const nc = await servers.connect();
  const record = await servers.record();
  const streams = { duplicateWindowMs: 100 };
  await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
  await ensureStreams(nc, streams);
  const relays: Relay[] = [];
  const start = async () => {
    const relay = new Relay({
      dataSource: record,
      nc: await servers.connect(),
      logger,
      streams,
      pollMs: 100,
      batch: 64,
    });
    servers.later(() => relay.stop());
    return relay;
  };
  relays.push(await start(), await start());
  const next = random(options.seed);
  const disturbances = options.disturb(next, start, record);
  let finished = false;
  const disturbing = (async () => {
    while (!finished) {
      await pause(20 + next() * 150);
      await disturbances[Math.floor(next() * disturbances.length)]!(relays);
    }
  })();
  const written = await writing(record, options.each, options.seed, () => {
    for (const relay of relays) relay.wake();
  });
  finished = true;
  await disturbing;
  await eventually(async () => Number((await record.query('select count(*) as n from outbox'))[0].n) === 0, {
    timeoutMs: 60_000,
    message: 'everything is relayed',
  });
  expect(Number((await record.query('select count(*) as n from events'))[0].n)).toBe(written);
  await eventually(() => nc.flush().then(() => true), { message: 'NATS is back' });
  expect(await differences(record, nc)).toEqual([]);
}

describe('every committed event is in the stream exactly once and in order', () => {
  it.each([1, 2])(
    'while relays are stopped and started (seed %i)',
    (seed) =>
      holds({
        seed,
        each: 15,
        disturb: (next, start) => [
          async (relays) => {
            const index = Math.floor(next() * relays.length);
            await relays[index]!.stop();
            relays[index] = await start();
          },
        ],
      }),
    120_000,
  );

  it.each([3, 4])(
    'while leaders lose their connection to the event store (seed %i)',
    (seed) =>
      holds({
        seed,
        each: 15,
        disturb: (_next, _start, record) => [
          async () => {
            await record.query(
              "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trunkmesh " +
                "relay' and datname = current_database()",
            );
          },
        ],
      }),
    120_000,
  );

  it.each([5])(
    'while nats-server is killed, or away for a while, and comes back with its data (seed %i)',
    (seed) =>
      holds({
        seed,
        each: 25,
        disturb: (next) => [
          () => servers.nats.restart('SIGKILL'),
          async () => {
            await servers.nats.halt(next() < 0.5 ? 'SIGKILL' : 'SIGTERM');
            await pause(200 + next() * 800);
            await servers.nats.start();
          },
          () => pause(150),
        ],
      }),
    120_000,
  );

  it.each([6, 7])(
    'with all of it together (seed %i)',
    (seed) =>
      holds({
        seed,
        each: 25,
        disturb: (next, start, record) => [
          () => servers.nats.restart('SIGKILL'),
          async () => {
            await record.query(
              "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trunkmesh " +
                "relay' and datname = current_database()",
            );
          },
          async (relays) => {
            const index = Math.floor(next() * relays.length);
            await relays[index]!.stop();
            relays[index] = await start();
          },
        ],
      }),
    120_000,
  );
});

/**
 * The worst case for fencing. The old leader's messages arrive one by one between the next leader's, and each expects
 * the sequence that the next leader has just reached. The next leader's batch also holds an event of a lower position
 * that was committed late. The server no longer remembers the message ids.
 */
describe('a batch of a leader that is gone', () => {
  it.each([1, 2, 3, 4])('changes nothing when it arrives while the next leader is at work (seed %i)', async (seed) => {
    const next = random(seed);
    const nc = await servers.connect();
    const record = await servers.record();
    const streams = { duplicateWindowMs: 100 };
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
    await ensureStreams(nc, streams);
    const wire = await slowWire(servers.nats.port);
    servers.later(() => wire.stop());
    const slow = await connectNats(wire.url, { name: 'slow', logger });
    servers.later(() => slow.close());

    const old = new Relay({ dataSource: record, nc: slow, logger, streams, pollMs: 20 });
    await write(record, [newEvent('first', 0), newEvent('first', 1)]);
    const outbox = async () => Number((await record.query('select count(*) as n from outbox'))[0].n);
    await eventually(async () => (await outbox()) === 0);

    const late = record.createQueryRunner();
    await late.startTransaction();
    await append(late.manager, [newEvent('late', 0), newEvent('late', 1)], { source: 'test', now: new Date() });
    wire.hold();
    await write(
      record,
      Array.from({ length: 300 }, (_, index) => newEvent(index % 7, Math.floor(index / 7))),
    );
    old.wake();
    // All of it is on its way; then the leader is gone, and with it its lock.
    await pause(100);
    await record.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trunkmesh relay' and " +
        'datname = current_database()',
    );
    await old.stop();
    await late.commitTransaction();
    await late.release();
    await pause(150);

    const after = new Relay({
      dataSource: record,
      nc,
      logger,
      streams,
      pollMs: 20,
      batch: 1 + Math.floor(next() * 6),
    });
    servers.later(() => after.stop());
    const total = 304;
    const until = total * (0.2 + next() * 0.6);
    await eventually(async () => (await outbox()) < total - until, { intervalMs: 1 });
    wire.release();
    await eventually(async () => (await outbox()) === 0, { timeoutMs: 20_000 });
    await slow.flush().catch(() => undefined);
    await eventually(async () => (await outbox()) === 0);
    expect(await differences(record, nc)).toEqual([]);
  });
});
