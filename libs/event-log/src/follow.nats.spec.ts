import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ALL_BRIDGES, ALL_TRUNKS, bridgeSubject, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { type NatsServer, startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { follow, type Followed, type FollowOptions } from './follow.nats.js';
import { logger, subjectOf } from './servers.fixture.js';
import { ensureEntityStream } from './streams.nats.js';

interface Numbered {
  n: number;
}

let nats: NatsServer;
let nc: NatsConnection;
const following: Followed[] = [];
const connections: NatsConnection[] = [];
beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'test', logger });
});
beforeEach(() => remake());
afterEach(async () => {
  for (const one of following.splice(0)) await one.stop();
  for (const one of connections.splice(0)) await one.close();
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});

const manager = () => jetstreamManager(nc);
async function remake() {
  await (await manager()).streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
  await ensureEntityStream(nc);
}

/** Publishes n from `from` to `to`, spread over ten entities; retried while the server is down. */
async function publish(from: number, to: number, subject = (n: number) => subjectOf(n % 10)) {
  const js = jetstream(nc);
  for (let n = from; n <= to; n += 1) {
    await eventually(
      () => js.publish(subject(n), JSON.stringify({ n }), { msgID: `m${n}`, timeout: 1_000 }).then(() => true),
      { timeoutMs: 20_000 },
    );
  }
}

function followed(options: Partial<FollowOptions<Numbered>> = {}, by = nc) {
  const seen: number[] = [];
  const state = { caughtUpAt: [] as number[], resets: 0, log: seen };
  const follower = follow<Numbered>(by, {
    stream: TRUNKMESH_STREAM,
    filter: ALL_TRUNKS,
    from: 'last-per-subject',
    heartbeatMs: 200,
    logger,
    onEvent: ({ n }) => {
      seen.push(n);
    },
    onCaughtUp: () => {
      state.caughtUpAt.push(seen.length);
    },
    onReset: () => {
      seen.length = 0;
      state.resets += 1;
    },
    ...options,
  });
  following.push(follower);
  return { follower, seen, state };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const all = (seen: number[], to: number, from = 1) =>
  eventually(
    () => {
      expect(seen).toEqual(range(from, to));
      return true;
    },
    { timeoutMs: 15_000 },
  );

describe('follow', () => {
  it('gives the last of each entity, says that this was all, and goes on', async () => {
    await publish(1, 95);
    const { follower, seen, state } = followed();
    await eventually(() => state.caughtUpAt.length === 1);
    expect(state.caughtUpAt).toEqual([10]);
    expect(seen).toEqual(range(86, 95));
    await publish(96, 120);
    await all(seen, 120, 86);
    expect(follower.position()).toBe(120);
    expect(follower.pending()).toBe(0);
    expect(state.caughtUpAt).toEqual([10]);
  });

  it('is caught up at once in an empty stream, and where the filter matches nothing', async () => {
    const empty = followed();
    await eventually(() => empty.state.caughtUpAt.length === 1);
    await publish(1, 5);
    await all(empty.seen, 5);
    const nothing = followed({ filter: ALL_BRIDGES });
    await eventually(() => nothing.state.caughtUpAt.length === 1);
    expect(nothing.seen).toEqual([]);
  });

  it('gives everything from a sequence', async () => {
    await publish(1, 50);
    const { seen, state } = followed({ from: 31 });
    await eventually(() => state.caughtUpAt.length === 1);
    expect(seen).toEqual(range(31, 50));
  });

  it('reads several filters, and is caught up when all of them are', async () => {
    await publish(1, 50);
    await publish(51, 55, () => bridgeSubject('b1'));
    const { follower, seen, state } = followed({ filter: [ALL_TRUNKS, ALL_BRIDGES] });
    await eventually(() => state.caughtUpAt.length === 1);
    expect([...seen].sort((a, b) => a - b)).toEqual([...range(41, 50), 55]);
    expect(follower.position()).toBe(55);
  });

  it('waits for a stream that is not there yet', async () => {
    await (await manager()).streams.delete(TRUNKMESH_STREAM);
    const { seen, state } = followed();
    await ensureEntityStream(nc);
    await eventually(() => state.caughtUpAt.length === 1);
    await publish(1, 3);
    await all(seen, 3);
  });

  it('accepts a custom decoder, and skips what it cannot decode', async () => {
    const { seen } = followed({ decode: (bytes) => ({ n: JSON.parse(Buffer.from(bytes).toString('latin1')).n * 10 }) });
    await publish(1, 2);
    await jetstream(nc).publish(subjectOf(1), 'not json');
    await publish(3, 3);
    await eventually(() => seen.length === 3);
    expect(seen).toEqual([10, 20, 30]);
  });

  it('loses and repeats nothing when nats-server is killed, stopped, and killed again', async () => {
    await publish(1, 10);
    const { seen, state } = followed();
    await eventually(() => state.caughtUpAt.length === 1);
    for (const [round, signal] of (['SIGKILL', 'SIGTERM', 'SIGKILL'] as const).entries()) {
      const publishing = publish(11 + round * 100, 110 + round * 100);
      await nats.restart(signal);
      await publishing;
      await all(seen, 110 + round * 100);
    }
    expect(state).toMatchObject({ resets: 0, caughtUpAt: [10] });
  }, 60_000);

  it('goes on when its consumer is deleted under it', async () => {
    const { seen, state } = followed();
    await eventually(() => state.caughtUpAt.length === 1);
    for (let round = 0; round < 3; round += 1) {
      const { consumers } = await manager();
      for await (const { name } of consumers.list(TRUNKMESH_STREAM)) await consumers.delete(TRUNKMESH_STREAM, name);
      await publish(round * 10 + 1, round * 10 + 10);
      await all(seen, round * 10 + 10);
    }
    expect(state.resets).toBe(0);
  });

  it.each<[string, number]>([
    ['shorter', 5],
    ['longer', 60],
    ['of the same length', 30],
  ])('starts again when the stream was recreated and is %s', async (_, length) => {
    await publish(1, 30);
    const { follower, seen, state } = followed({ from: 1 });
    await all(seen, 30);
    await remake();
    await publish(101, 100 + length);
    await eventually(() => state.resets === 1, { timeoutMs: 15_000 });
    await all(seen, 100 + length, 101);
    await publish(201, 203);
    await eventually(() => seen.at(-1) === 203);
    expect(follower.position()).toBe(length + 3);
    expect(state.caughtUpAt.length).toBeGreaterThanOrEqual(2);
  });

  it('begins again once for all filters', async () => {
    await publish(1, 10);
    await publish(11, 12, () => bridgeSubject('b1'));
    const { seen, state } = followed({ filter: [ALL_TRUNKS, ALL_BRIDGES] });
    await eventually(() => state.caughtUpAt.length === 1);
    await remake();
    await publish(101, 110);
    await publish(111, 111, () => bridgeSubject('b2'));
    await eventually(
      () => {
        expect([...seen].sort((a, b) => a - b)).toEqual(range(101, 111));
        return true;
      },
      { timeoutMs: 15_000 },
    );
    expect(state.resets).toBe(1);
    expect(state.caughtUpAt.length).toBe(2);
  });

  it('begins again where the stream ends before the place it was asked to go on from', async () => {
    await publish(1, 10);
    const { seen, state } = followed({ from: 500 });
    await all(seen, 10);
    expect(state.resets).toBe(1);
  });

  it('goes on after its machine slept', async () => {
    const own = await connectNats(nats.url, { name: 'sleeper', logger });
    connections.push(own);
    const { seen, state } = followed({}, own);
    await eventually(() => state.caughtUpAt.length === 1);
    const publishing = publish(1, 50);
    // Blocks the whole process, as a suspended machine does, for longer than heartbeats may be missing; then drops the
    // connection.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    await own.reconnect();
    await publishing;
    await all(seen, 50);
    expect(state.resets).toBe(0);
  });

  it('delivers every event after it caught up, also on an empty stream and after an interruption', async () => {
    const own = await connectNats(nats.url, { name: 'interrupted', logger });
    connections.push(own);
    const { seen, state } = followed({}, own);
    await eventually(() => state.caughtUpAt.length === 1);
    await own.reconnect();
    await publish(1, 60);
    await all(seen, 60);
  });

  it('stops, and leaves no consumer behind', async () => {
    const { follower, seen, state } = followed();
    await eventually(() => state.caughtUpAt.length === 1);
    await follower.stop();
    await publish(1, 3);
    expect(seen).toEqual([]);
    await eventually(async () => (await (await manager()).streams.info(TRUNKMESH_STREAM)).state.consumer_count === 0);
  });
});
