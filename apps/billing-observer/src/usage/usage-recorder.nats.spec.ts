import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import pino, { type Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { CALLS_STREAM, STREAM_SUBJECTS, USAGE_BUCKET, USAGE_DURABLE } from '@trunkmesh/contracts/subjects.js';
import { usageConfirmation } from '@trunkmesh/contracts/usage.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import type { Postgres } from '@trunkmesh/testkit/postgres.process.js';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { freshDatabase } from '../call-log/call-log.fixture.js';
import { createDataSource } from '../database.pg.js';
import { callAnswered, callEnded, callId, callRejected, callStarted } from '@trunkmesh/testkit/call-events.js';
import { startConfirmations, type Confirmations } from './confirmation.nats.js';
import { startUsageRecorder, type UsageRecorder } from './usage-recorder.nats.js';

const NEXT_EPOCH = '0190a5b2-7c00-7000-8000-00000000000d';
const logger = pino({ level: 'silent' });

/** One copy of billing-observer: its own connections, as a process has. */
interface Copy {
  nc: NatsConnection;
  dataSource: DataSource;
  recorder: UsageRecorder;
  confirmations: Confirmations;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

let servers: Servers;
let nats: NatsServer;
let postgres: Postgres;
let nc: NatsConnection;
let db: DataSource;
let databaseUrl: string;
const copies: Copy[] = [];

async function startCopy(
  options: { afterCommit?: () => Promise<void>; ackWaitMs?: number; apartMs?: number; logger?: Logger } = {},
): Promise<Copy> {
  const own = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const dataSource = await createDataSource(databaseUrl).initialize();
  await migrate(dataSource, logger);
  const confirmations = startConfirmations({ nc: own, dataSource, logger });
  const recorder = startUsageRecorder({ nc: own, dataSource, confirmations, logger, ...options });
  const copy: Copy = {
    nc: own,
    dataSource,
    recorder,
    confirmations,
    // As SIGKILL leaves it: the connections are gone, nothing more is said.
    kill: async () => {
      await own.close();
      await recorder.stop();
      await confirmations.stop();
      await dataSource.destroy();
    },
    stop: async () => {
      await recorder.stop();
      await confirmations.stop();
      await own.close();
      await dataSource.destroy();
    },
  };
  copies.push(copy);
  return copy;
}

const publish = async (...events: { subject: string; id: string }[]) => {
  for (const event of events) await jetstream(nc).publish(event.subject, JSON.stringify(event));
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const usageCalls = async (): Promise<string[]> =>
  ((await db.query('SELECT call_id FROM ledger_entries ORDER BY call_id')) as { call_id: string }[]).map(
    (row) => row.call_id,
  );
const confirmation = async (bridge = 'bridge-1') => {
  const entry = await (await new Kvm(nc).open(USAGE_BUCKET)).get(bridge);
  return entry === null ? undefined : usageConfirmation.parse(entry.json());
};
const confirmedUpTo = (through: number, missing: number[] = [], bridge = 'bridge-1') =>
  eventually(async () => {
    expect(await confirmation(bridge)).toMatchObject({ confirmed_through: through, missing });
    return true;
  });
const unacknowledged = async () => {
  const info = await (await jetstreamManager(nc)).consumers.info(CALLS_STREAM, USAGE_DURABLE);
  return info.num_ack_pending + info.num_pending;
};

beforeAll(async () => {
  servers = await startServers();
  ({ nats, postgres } = servers);
  nc = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
}, 60_000);

afterAll(async () => {
  await nc?.close();
  await servers?.stop();
});

beforeEach(async () => {
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: CALLS_STREAM, subjects: [...STREAM_SUBJECTS[CALLS_STREAM]] });
  await new Kvm(nc).create(USAGE_BUCKET);
  ({ url: databaseUrl, db } = await freshDatabase(postgres));
});

afterEach(async () => {
  await Promise.all(copies.splice(0).map((copy) => copy.stop().catch(() => undefined)));
  if (db?.isInitialized) await db.destroy();
  const manager = await jetstreamManager(nc);
  await manager.streams.delete(CALLS_STREAM);
  await manager.streams.delete(`KV_${USAGE_BUCKET}`);
});

describe("a call's way to a usage record", () => {
  it('writes one record a finished call, keeps every event in the log, and confirms to the bridge', async () => {
    await startCopy();
    await publish(callStarted(1), callAnswered(1), callEnded(1), callStarted(2), callRejected(2));
    await confirmedUpTo(2);
    expect(await db.query('SELECT call_id, carrier_cost, billable_ms, from_number FROM ledger_entries')).toEqual([
      { call_id: callId(1), carrier_cost: 'external', billable_ms: '4020', from_number: '+15559876543' },
    ]);
    const log = (await db.query('SELECT type, envelope FROM calls WHERE call_id = $1 ORDER BY event_id', [
      callId(1),
    ])) as { type: string; envelope: string }[];
    expect(log.map((row) => row.type)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(JSON.parse(log[2]!.envelope)).toEqual(callEnded(1));
    await eventually(async () => (await unacknowledged()) === 0);
  });

  it('records what follows a batch closely in one batch, and what was quiet before at once', async () => {
    let batches = 0;
    await startCopy({
      apartMs: 1_500,
      afterCommit: () => {
        batches += 1;
        return Promise.resolve();
      },
    });
    await publish(callStarted(1));
    await eventually(() => batches === 1);
    await publish(callAnswered(1), callEnded(1));
    await publish(callStarted(2), callEnded(2));
    await confirmedUpTo(2);
    expect(batches).toBe(2);
  });

  it('the database itself refuses an amount as the carrier cost', async () => {
    await startCopy();
    await publish(callEnded(1));
    await confirmedUpTo(1);
    const [columns] = (await db.query(
      "SELECT string_agg(column_name, ', ') AS names FROM information_schema.columns WHERE table_name = " +
        "'ledger_entries' AND column_name NOT IN ('entry_id', 'carrier_cost')",
    )) as [{ names: string }];
    const copied = (cost: string) =>
      db.query(
        `INSERT INTO ledger_entries (carrier_cost, ${columns.names}) SELECT ${cost}, ${columns.names} FROM
          ledger_entries`,
      );
    await expect(copied("'0.01'")).rejects.toThrow('carrier_cost_is_no_amount');
    await expect(copied('NULL')).rejects.toThrow(/null/);
  });

  it('whatever is published again, or under another event id, is one record', async () => {
    await startCopy();
    await publish(
      callEnded(1),
      callEnded(1),
      { ...callEnded(1), id: '0190a5b2-7c00-7000-8f00-000000000001' },
      callEnded(2),
      callEnded(1),
    );
    await confirmedUpTo(2);
    await eventually(async () => (await unacknowledged()) === 0);
    expect(await usageCalls()).toEqual([callId(1), callId(2)]);
  });

  it('records that come out of order are named missing until they come', async () => {
    await startCopy();
    await publish(callEnded(4), callEnded(2));
    await confirmedUpTo(0, [1, 3]);
    await publish(callEnded(1));
    await confirmedUpTo(2, [3]);
    await publish(callRejected(3));
    await confirmedUpTo(4);
    expect(await usageCalls()).toEqual([callId(1), callId(2), callId(4)]);
  });

  it('a new epoch counts from 1 again, and a late record of the old one does not bring that back', async () => {
    await startCopy();
    await publish(callEnded(1), callEnded(2));
    await confirmedUpTo(2);
    await publish({
      ...callEnded(11, { epoch: NEXT_EPOCH, number: 1 }),
      time: '2026-11-24T00:00:00.000Z',
    } as ReturnType<typeof callEnded>);
    await eventually(async () => {
      expect(await confirmation()).toMatchObject({ bridge_epoch: NEXT_EPOCH, confirmed_through: 1 });
      return true;
    });
    await publish(callEnded(3));
    await eventually(async () => (await usageCalls()).length === 4);
    await publish(callEnded(12, { bridge: 'bridge-2', number: 1 }));
    await confirmedUpTo(1, [], 'bridge-2');
    expect(await confirmation()).toMatchObject({ bridge_epoch: NEXT_EPOCH, confirmed_through: 1 });
  });

  it('a record number that another call has taken is kept aside, and what is behind it is recorded', async () => {
    await startCopy();
    await publish(callEnded(1), callEnded(77, { number: 1 }), callEnded(2));
    await confirmedUpTo(2);
    expect(await usageCalls()).toEqual([callId(1), callId(2)]);
    expect(await db.query('SELECT reason FROM unreadable')).toEqual([{ reason: 'record-number-taken' }]);
  });

  it("what cannot be read is kept, acknowledged, and in nobody's way", async () => {
    await startCopy();
    await jetstream(nc).publish(callEnded(1).subject, 'not json at all');
    await publish(callEnded(1));
    await confirmedUpTo(1);
    await eventually(async () => (await unacknowledged()) === 0);
    const [kept] = (await db.query('SELECT reason, payload, subject FROM unreadable')) as {
      reason: string;
      payload: Buffer;
      subject: string;
    }[];
    expect({ ...kept!, payload: kept!.payload.toString() }).toEqual({
      reason: 'not-json',
      payload: 'not json at all',
      subject: callEnded(1).subject,
    });
  });

  it('an event whose content the database refuses does not hold back the batch that it came in', async () => {
    // A time that the schema allows and PostgreSQL's timestamptz does not: year 0.
    const impossible = { ...callEnded(2), time: '0000-01-01T00:00:00.000Z' };
    await publish(callEnded(1), impossible as ReturnType<typeof callEnded>, callEnded(3));
    await startCopy();
    await confirmedUpTo(1, [2]);
    await eventually(async () => (await unacknowledged()) === 0);
    expect(await usageCalls()).toEqual([callId(1), callId(3)]);
    expect(await db.query('SELECT reason FROM unreadable')).toEqual([{ reason: 'refused-by-database' }]);
  });
});

describe('whatever dies when', () => {
  it('a copy killed between commit and acknowledgement: redelivered, recorded once', async () => {
    let committed = () => {};
    const reached = new Promise<void>((resolve) => {
      committed = resolve;
    });
    const dying = await startCopy({
      ackWaitMs: 1_000,
      afterCommit: () => {
        committed();
        return new Promise((_, reject) => {
          void dying.nc.closed().then(() => reject(new Error('killed')));
        });
      },
    });
    await publish(...range(1, 50).map((n) => callEnded(n)));
    await reached;
    const before = await usageCalls();
    expect(before.length).toBeGreaterThan(0);
    await dying.kill();
    expect(await confirmation()).toBeUndefined();
    await startCopy({ ackWaitMs: 1_000 });
    await confirmedUpTo(50);
    await eventually(async () => (await unacknowledged()) === 0);
    expect(await usageCalls()).toEqual(range(1, 50).map(callId));
  });

  it('two copies at once share the stream: each call once, nothing missing', async () => {
    await Promise.all([startCopy({ ackWaitMs: 1_000 }), startCopy({ ackWaitMs: 1_000 })]);
    const events = range(1, 1500).map((n) => callEnded(n));
    await Promise.all(
      [...events, ...events.filter((_, index) => index % 3 === 0)].map((event) =>
        jetstream(nc).publish(event.subject, JSON.stringify(event)),
      ),
    );
    await confirmedUpTo(1500);
    await eventually(async () => (await unacknowledged()) === 0);
    expect(await usageCalls()).toEqual(range(1, 1500).map(callId));
  });

  it('PostgreSQL away: nothing is acknowledged; back again: it recovers by itself', async () => {
    const copy = await startCopy();
    await publish(callEnded(1));
    await confirmedUpTo(1);
    await db.destroy();
    await postgres.halt();
    await publish(callEnded(2), callEnded(3));
    await eventually(() => copy.recorder.trouble() !== undefined);
    expect((await (await jetstreamManager(nc)).consumers.info(CALLS_STREAM, USAGE_DURABLE)).ack_floor.stream_seq).toBe(
      1,
    );
    await postgres.start();
    await db.initialize();
    await confirmedUpTo(3);
    expect(await usageCalls()).toEqual([callId(1), callId(2), callId(3)]);
    await eventually(() => copy.recorder.trouble() === undefined);
  });

  it('a database that refuses everything: the log says so, without the calls that it refused', async () => {
    const lines: string[] = [];
    await db.query('ALTER TABLE calls RENAME TO calls_elsewhere');
    const copy = await startCopy({
      logger: createLogger('test', {
        destination: {
          write: (line) => {
            lines.push(line);
          },
        },
      }),
    });
    await publish(callEnded(1));
    await eventually(() => copy.recorder.trouble()?.includes('does not exist'));
    expect(lines.join('')).toContain('cannot record calls');
    expect(lines.join('')).not.toContain(callEnded(1).data.from);
    await db.query('ALTER TABLE calls_elsewhere RENAME TO calls');
    await confirmedUpTo(1);
  });

  it('NATS restarted: it goes on', async () => {
    await startCopy();
    await publish(callEnded(1));
    await confirmedUpTo(1);
    await nats.restart();
    await eventually(() => publish(callEnded(2)).then(() => true));
    await confirmedUpTo(2);
  });

  it('the durable consumer deleted: made again, and the repetition changes nothing', async () => {
    await startCopy();
    await publish(callEnded(1), callEnded(2));
    await confirmedUpTo(2);
    await (await jetstreamManager(nc)).consumers.delete(CALLS_STREAM, USAGE_DURABLE);
    await publish(callEnded(3));
    await confirmedUpTo(3);
    expect(await usageCalls()).toEqual(range(1, 3).map(callId));
  });

  it('the bucket lost: the next start confirms again', async () => {
    const first = await startCopy();
    await publish(callEnded(1));
    await confirmedUpTo(1);
    await first.stop();
    await (await jetstreamManager(nc)).streams.delete(`KV_${USAGE_BUCKET}`);
    await new Kvm(nc).create(USAGE_BUCKET);
    await startCopy();
    await confirmedUpTo(1);
  });
});
