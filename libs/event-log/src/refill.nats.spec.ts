import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { DataSource } from 'typeorm';
import { refillStream, StreamNotEmptyError } from './refill.nats.js';
import { Relay } from './relay.nats.js';
import { differences, logger, newEvent, readStream, type Servers, startServers, write } from './servers.fixture.js';
import { ensureStreams } from './streams.nats.js';

let servers: Servers;
let record: DataSource;
let nc: NatsConnection;
beforeAll(async () => {
  servers = await startServers();
}, 60_000);
afterEach(() => servers?.undo());
afterAll(() => servers?.stop());

const EVENTS = 3_000;

/** A record of which everything, in its order, is in the stream. */
async function given(): Promise<void> {
  nc = await servers.connect();
  record = await servers.record();
  await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
  await ensureStreams(nc);
  await write(
    record,
    Array.from({ length: EVENTS }, (_, index) => newEvent(index % 500, Math.floor(index / 500))),
  );
  const relay = relaying();
  await relayed();
  await relay.stop();
}
function relaying() {
  const relay = new Relay({ dataSource: record, nc, logger, pollMs: 50 });
  servers.later(() => relay.stop());
  return relay;
}
const relayed = () =>
  eventually(async () => Number((await record.query('select count(*) as n from outbox'))[0].n) === 0);
const options = () => ({ dataSource: record, nc, logger });

describe('refillStream', () => {
  it('refuses a stream that holds anything', async () => {
    await given();
    await expect(refillStream(options())).rejects.toThrow(StreamNotEmptyError);
    expect(await differences(record, nc)).toEqual([]);
  });

  it.each([
    ['that is gone', false],
    ['that is to be replaced', true],
  ])('makes a stream %s again, the same message for message, and shows its progress', async (_, replace) => {
    await given();
    const before = await readStream(nc);
    if (!replace) await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    const progress: number[] = [];
    const result = await refillStream({
      ...options(),
      replace,
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(result).toEqual({ published: EVENTS, total: EVENTS, finished: true });
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.length).toBeGreaterThan(3);
    expect(progress.at(-1)).toBe(1);
    expect(await readStream(nc)).toEqual(before);
    relaying();
    await write(record, [newEvent('after', 0)]);
    await relayed();
    expect(await differences(record, nc)).toEqual([]);
  });

  it('stops on request, and the relay does the rest', async () => {
    await given();
    const abort = new AbortController();
    const result = await refillStream({
      ...options(),
      replace: true,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    expect(result.finished).toBe(false);
    expect(result.published).toBeLessThan(EVENTS);
    relaying();
    await relayed();
    expect(await differences(record, nc)).toEqual([]);
  });

  it('can be stopped while it waits for a leader that does not yield', async () => {
    await given();
    const other = record.createQueryRunner();
    await other.query('select pg_advisory_lock(7102002)');
    const abort = new AbortController();
    const refilling = refillStream({ ...options(), replace: true, signal: abort.signal });
    await eventually(
      async () => (await record.query("select 1 from pg_locks where locktype = 'advisory' and not granted")).length > 0,
    );
    abort.abort();
    expect(await refilling).toEqual({ published: 0, total: 0, finished: false });
    await other.query('select pg_advisory_unlock(7102002)');
    await other.release();
    expect(await differences(record, nc)).toEqual([]);
  });

  it('takes the lead from a relay that is at work, and gives it back', async () => {
    await given();
    const relay = relaying();
    await eventually(() => relay.isLeader());
    let writing = true;
    const commands = (async () => {
      for (let n = 0; writing; n += 1) {
        await write(record, [newEvent(`during-${n}`, 0)]);
        relay.wake();
      }
    })();
    expect((await refillStream({ ...options(), replace: true })).finished).toBe(true);
    await eventually(() => relay.isLeader());
    writing = false;
    await commands;
    await relayed();
    expect(await differences(record, nc)).toEqual([]);
  });
});
