import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { logger, readStream, subjectOf } from './servers.fixture.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { type NatsServer, startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { type FencedPublisher, fencedPublisher, type Publication } from './fenced-publisher.nats.js';
import { ensureEntityStream } from './streams.nats.js';

let nats: NatsServer;
let nc: NatsConnection;
let publisher: FencedPublisher;
beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'test', logger });
});
beforeEach(async () => {
  await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM).catch(() => undefined);
  await ensureEntityStream(nc, { duplicateWindowMs: 100 });
  publisher = fencedPublisher(nc);
});
afterEach(() => publisher.close());
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});

const batchOf = (size: number): Publication[] =>
  Array.from({ length: size }, (_, index) => ({
    id: randomUUID(),
    subject: subjectOf(index),
    envelope: `{"n":${index}}`,
  }));
const idsInStream = async () => (await readStream(nc)).map(({ id }) => id);
const ids = (batch: readonly Publication[]) => batch.map(({ id }) => id);

describe('fencedPublisher', () => {
  it('publishes a batch and goes on from its end', async () => {
    const [first, second] = [batchOf(300), batchOf(300)];
    expect(await publisher.publish(first, { sequence: 0 })).toEqual({ acknowledged: 300 });
    expect(await publisher.publish(second, { sequence: 300, id: first.at(-1)!.id })).toEqual({ acknowledged: 300 });
    expect(await idsInStream()).toEqual(ids([...first, ...second]));
  });

  it('publishes nothing where the end is not what it knows, also when its length is', async () => {
    const [first, stale] = [batchOf(3), batchOf(3)];
    await publisher.publish(first, { sequence: 0 });
    for (const end of [
      { sequence: 0 },
      { sequence: 2 },
      { sequence: 4 },
      { sequence: 3, id: randomUUID() },
      { sequence: 2, id: first.at(-1)!.id },
    ]) {
      expect(await publisher.publish(stale, end)).toMatchObject({
        acknowledged: 0,
        problem: expect.stringMatching(/wrong last/),
      });
    }
    expect(await idsInStream()).toEqual(ids(first));
  });

  it('publishes a beginning of the batch and nothing after it, whatever others put in between', async () => {
    const other = await connectNats(nats.url, { name: 'stranger', logger });
    let end = 0;
    let cut = 0;
    for (let round = 0; round < 60; round += 1) {
      const batch = batchOf(100);
      const publishing = publisher.publish(batch, { sequence: end });
      await new Promise((resolve) => setImmediate(resolve));
      other.publish(subjectOf('stranger'), 'x');
      const { acknowledged, problem } = await publishing;
      await other.flush();
      const found = await idsInStream();
      expect(found.filter((id) => batch.some((one) => one.id === id))).toEqual(
        ids(batch.slice(0, found.filter((id) => batch.some((one) => one.id === id)).length)),
      );
      expect(acknowledged).toBeLessThanOrEqual(found.length);
      if (problem !== undefined) cut += 1;
      end = found.length;
    }
    await other.close();
    expect(cut).toBeGreaterThan(0);
  });

  it('a publisher that slept finds the door shut, though JetStream does not remember ids any more', async () => {
    const batch = batchOf(50);
    await publisher.publish(batch.slice(0, 10), { sequence: 0 });
    const sleeper = fencedPublisher(nc);
    await publisher.publish(batch.slice(10), { sequence: 10, id: batch[9]!.id });
    await eventually(
      async () => !(await jetstream(nc).publish(subjectOf('probe'), 'x', { msgID: batch[0]!.id })).duplicate,
      { message: 'the duplicate window is over' },
    );
    // It believes that ten are there and sends the rest; then, as it may from its socket's buffer, every later part of
    // that.
    for (let from = 10; from < 50; from += 7) {
      const outcome = await sleeper.publish(batch.slice(from), { sequence: from, id: batch[from - 1]!.id });
      expect(outcome.acknowledged).toBe(0);
    }
    expect((await idsInStream()).slice(0, 50)).toEqual(ids(batch));
    expect(await idsInStream()).toHaveLength(51);
    sleeper.close();
  });

  it("says so where nobody takes the stream's messages, and where a message cannot be sent at all", async () => {
    await (await jetstreamManager(nc)).streams.delete(TRUNKMESH_STREAM);
    expect(await publisher.publish(batchOf(2), { sequence: 0 })).toEqual({
      acknowledged: 0,
      problem: expect.stringContaining('nobody'),
    });
    expect(
      await publisher.publish([{ id: randomUUID(), subject: 'with space', envelope: '{}' }], { sequence: 0 }),
    ).toMatchObject({ acknowledged: 0, problem: expect.any(String) });
  });

  it('ends what is in flight when no answer can come any more', async () => {
    const publishing = publisher.publish(batchOf(10), { sequence: 0 });
    publisher.abort('the connection was lost');
    expect(await publishing).toEqual({ acknowledged: 0, problem: 'the connection was lost' });
  });
});
