import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { DataSource } from 'typeorm';
import { Relay, type RelayOptions } from './relay.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import {
  differences,
  logger,
  newEvent,
  readStream,
  type Servers,
  startServers,
  subjectOf,
  write,
} from './servers.fixture.js';
import { ensureStreams } from './streams.nats.js';

let servers: Servers;
let record: DataSource;
let nc: NatsConnection;
beforeAll(async () => {
  servers = await startServers();
}, 60_000);
afterEach(() => servers?.undo());
afterAll(() => servers?.stop());

/** A fresh record and a fresh stream; a tiny duplicate window, so that nothing here rests on it. */
async function given(): Promise<void> {
  nc = await servers.connect();
  record = await servers.record();
  const manager = await jetstreamManager(nc);
  await manager.streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
  await ensureStreams(nc, { duplicateWindowMs: 100 });
}

function relaying(options: Partial<RelayOptions> = {}): Relay {
  const relay = new Relay({
    dataSource: record,
    nc,
    logger,
    streams: { duplicateWindowMs: 100 },
    pollMs: 50,
    ...options,
  });
  servers.later(() => relay.stop());
  return relay;
}

const outbox = async () => Number((await record.query('select count(*) as n from outbox'))[0].n);
const relayed = () =>
  eventually(async () => (await outbox()) === 0, { timeoutMs: 20_000, message: 'the outbox is empty' });
const isTheRecord = async () => expect(await differences(record, nc)).toEqual([]);
const publish = (subject: string, payload: string, id: string) => {
  const guard = headers();
  guard.set('Nats-Msg-Id', id);
  return jetstream(nc).publish(subject, payload, { headers: guard });
};

describe('the relay', () => {
  it('publishes what was committed, woken by the commit', async () => {
    await given();
    const relay = relaying({ pollMs: 10_000 });
    await eventually(() => relay.isLeader());
    await write(record, [newEvent('a', 0), newEvent('a', 1), newEvent('b', 0)]);
    relay.wake();
    await relayed();
    await isTheRecord();
  });

  it("is woken by another instance's commit, over NATS", async () => {
    await given();
    const leader = relaying({ pollMs: 10_000 });
    await eventually(() => leader.isLeader());
    const other = relaying({ nc: await servers.connect(), pollMs: 10_000 });
    await write(record, [newEvent('a', 0)]);
    await eventually(() => {
      other.wake();
      return outbox().then((n) => n === 0);
    });
    expect(other.isLeader()).toBe(false);
  });

  it('starts without NATS and PostgreSQL, and works once both are up', async () => {
    await given();
    let connected!: (nc: NatsConnection) => void;
    const relay = relaying({
      nc: new Promise((resolve) => {
        connected = resolve;
      }),
    });
    await write(record, [newEvent('a', 0)]);
    relay.wake();
    expect(relay.isLeader()).toBe(false);
    connected(nc);
    await relayed();
    await isTheRecord();
    const never = new Relay({ dataSource: record, nc: new Promise(() => undefined), logger });
    await never.stop();
  });

  it('makes a stream that is not there', async () => {
    await given();
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    await write(record, [newEvent('a', 0)]);
    relaying();
    await relayed();
    await isTheRecord();
  });

  it(
    'does not publish again what was acknowledged, though the outbox still has it and the duplicate window is ' +
      'over',
    async () => {
      await given();
      await write(
        record,
        Array.from({ length: 20 }, (_, index) => newEvent(index, 0)),
      );
      const first = relaying();
      await relayed();
      await first.stop();
      // As a leader leaves it that is killed between the acknowledgement and the removal.
      await record.query(
        'insert into outbox select position from events where position > (select min(position) + 4 from events)',
      );
      await record.query('update relay set stream_sequence = 5');
      await eventually(
        async () => (await publish(subjectOf('x'), 'x', '0190a000-0000-7000-8000-0000000000ff')).duplicate === false,
      );
      relaying();
      await relayed();
      expect(
        (await differences(record, nc)).filter((difference) => !difference.startsWith('not in the event store')),
      ).toEqual([]);
    },
  );

  it('publishes an event of a lower position that was committed later', async () => {
    await given();
    relaying();
    const slow = record.createQueryRunner();
    await slow.startTransaction();
    const { append } = await import('./event-store.pg.js');
    await append(slow.manager, [newEvent('slow', 0)], { source: 'test', now: new Date() });
    await write(record, [newEvent('quick', 0)]);
    await relayed();
    await slow.commitTransaction();
    await slow.release();
    await relayed();
    await isTheRecord();
    expect((await readStream(nc)).map(({ subject }) => subject)).toEqual([subjectOf('quick'), subjectOf('slow')]);
  });

  it('resumes after its connection to the event store was cut; until then another may lead', async () => {
    await given();
    const relays = [relaying(), relaying({ nc: await servers.connect() })];
    for (let round = 0; round < 5; round += 1) {
      await eventually(() => relays.some((relay) => relay.isLeader()));
      await write(
        record,
        Array.from({ length: 50 }, (_, index) => newEvent(`${round}-${index}`, 0)),
      );
      relays[round % 2]!.wake();
      await record.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trunkmesh relay' and " +
          'datname = current_database()',
      );
    }
    await relayed();
    await isTheRecord();
  });

  it('hands over at once when it is stopped', async () => {
    await given();
    const first = relaying();
    await eventually(() => first.isLeader());
    const second = relaying({ nc: await servers.connect() });
    await first.stop();
    await eventually(() => second.isLeader());
    await write(record, [newEvent('a', 0)]);
    second.wake();
    await relayed();
    await isTheRecord();
  });

  it('gets over a message that somebody else put into the stream', async () => {
    await given();
    const relay = relaying();
    await write(record, [newEvent('a', 0)]);
    await relayed();
    await publish(subjectOf('stranger'), 'x', '0190a000-0000-7000-8000-0000000000fe');
    await write(
      record,
      Array.from({ length: 100 }, (_, index) => newEvent(index, 0)),
    );
    relay.wake();
    await relayed();
    expect(await differences(record, nc)).toEqual([expect.stringContaining('not in the event store')]);
  });

  it('shows its lag, also where it does not lead', async () => {
    await given();
    const blocker = record.createQueryRunner();
    await blocker.query('select pg_advisory_lock(7102002)');
    await write(record, [newEvent('a', 0), newEvent('b', 0)]);
    const relay = relaying();
    await eventually(() => relay.lag() === 2);
    await blocker.query('select pg_advisory_unlock(7102002)');
    await blocker.release();
    await eventually(() => relay.lag() === 0);
  });
});

describe('a record that lost events', () => {
  it('continues, and reports events of the stream that the event store lacks', async () => {
    await given();
    const before = relaying();
    await write(record, [newEvent('a', 0), newEvent('b', 0)]);
    await relayed();
    await before.stop();
    // A copy of the event store without the last two: its next event has a version that the stream has already.
    await record.query('truncate events, outbox');
    await record.query('update relay set stream_sequence = 0');
    await write(record, [newEvent('a', 0), newEvent('c', 0)]);
    const lines: string[] = [];
    relaying({
      logger: createLogger('test', {
        destination: {
          write: (line) => {
            lines.push(line);
          },
        },
      }),
    });
    await relayed();
    expect(
      (await differences(record, nc)).filter((difference) => !difference.startsWith('not in the event store')),
    ).toEqual([]);
    expect(lines.map((line) => JSON.parse(line)).find(({ level }) => level === 'error')).toMatchObject({ unknown: 2 });
  });
});

describe('a stream that lost events', () => {
  it('is refilled from the event store: completely when it was recreated', async () => {
    await given();
    await write(
      record,
      Array.from({ length: 600 }, (_, index) => newEvent(index % 100, Math.floor(index / 100))),
    );
    const relay = relaying();
    await relayed();
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    await write(record, [newEvent('new', 0)]);
    relay.wake();
    await eventually(async () => (await differences(record, nc)).length === 0);
  });

  it('is filled again though nothing new is written that would show the loss', async () => {
    await given();
    await write(record, [newEvent('a', 0), newEvent('a', 1), newEvent('b', 0)]);
    relaying({ compareMs: 100 });
    await relayed();
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    await eventually(async () => (await differences(record, nc)).length === 0);
  });

  it('is filled again as soon as a server is back that lost its disk', async () => {
    const own = await startNatsServer();
    servers.later(() => own.stop());
    nc = await connectNats(own.url, { name: 'test', logger });
    servers.later(() => nc.close());
    record = await servers.record();
    await write(record, [newEvent('a', 0), newEvent('b', 0)]);
    relaying({ compareMs: 3_600_000 });
    await relayed();
    await own.halt('SIGKILL');
    await own.loseDisk();
    await own.start();
    await eventually(async () => (await differences(record, nc)).length === 0);
  });

  it('gets its end again where only that was lost', async () => {
    await given();
    const first = relaying();
    await write(
      record,
      Array.from({ length: 30 }, (_, index) => newEvent(index % 10, Math.floor(index / 10))),
    );
    await relayed();
    await first.stop();
    // What a power cut does to the last seconds of a stream that is not synced at each message: the relay knows more of
    // it than there is.
    await record.query('update relay set stream_sequence = stream_sequence + 1000');
    await write(record, [newEvent(3, 3)]);
    relaying();
    await relayed();
    await isTheRecord();
  });

  it('gets only what it lacks where it has a part', async () => {
    await given();
    await write(
      record,
      Array.from({ length: 300 }, (_, index) => newEvent(index % 100, Math.floor(index / 100))),
    );
    const events: { subject: string; envelope: string; id: string }[] = await record.query(
      'select subject, envelope, id from events order by position limit 130',
    );
    for (const { subject, envelope, id } of events) await publish(subject, envelope, id);
    relaying();
    await relayed();
    await isTheRecord();
  });
});
