import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { type NatsServer, startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { type DurableReader, readDurably } from './durable-reader.nats.js';
import { logger } from './servers.fixture.js';

const STREAM = 'READ';

let nats: NatsServer;
let nc: NatsConnection;
const readers: DurableReader[] = [];
beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'test', logger });
});
beforeEach(async () => {
  const { streams } = await jetstreamManager(nc);
  await streams.delete(STREAM).catch(() => undefined);
  await streams.add({ name: STREAM, subjects: ['read.>'] });
});
afterEach(async () => {
  for (const one of readers.splice(0)) await one.stop();
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});

async function publish(from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await jetstream(nc).publish('read.numbers', JSON.stringify(n));
}

/** What one reader took, a list a batch; `refuses` says which batches reject. */
function reader(
  refuses: (batch: number[]) => boolean = () => false,
  connection = Promise.resolve(nc),
  apartMs?: number,
) {
  const batches: number[][] = [];
  const failures: unknown[] = [];
  const one = readDurably({
    nc: connection,
    stream: STREAM,
    durable: 'numbers',
    filter: 'read.numbers',
    apartMs,
    take: async (messages) => {
      const batch = messages.map((message) => message.json<number>());
      if (refuses(batch)) throw new Error('refused');
      batches.push(batch);
    },
    onFailure: (error) => failures.push(error),
  });
  readers.push(one);
  return { batches, failures, taken: () => batches.flat(), stop: () => one.stop() };
}

/** Until the expectation holds. */
const holds = (expectation: () => void) =>
  eventually(() => {
    expectation();
    return true;
  });

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a durable reader', () => {
  it('takes what waits in order, at most 500 at once, and then each message as it comes', async () => {
    await publish(1, 700);
    const { batches, taken } = reader();
    await holds(() => expect(taken()).toEqual(numbers(700)));
    expect(batches.map((batch) => batch.length)).toEqual([500, 200]);
    await publish(701, 701);
    await holds(() => expect(batches.at(-1)).toEqual([701]));
  });

  it('takes what follows closely as one batch, where batches are to be apart', async () => {
    const { batches, taken } = reader(undefined, undefined, 300);
    await publish(1, 1);
    await holds(() => expect(taken()).toEqual([1]));
    await publish(2, 20);
    await holds(() => expect(taken()).toEqual(numbers(20)));
    expect(batches.length).toBeLessThanOrEqual(3);
  });

  it('takes a batch again that could not be stored', async () => {
    await publish(1, 20);
    let refusals = 2;
    const { taken, failures } = reader(() => (refusals -= 1) >= 0);
    await holds(() => expect([...taken()].sort((a, b) => a - b)).toEqual(numbers(20)));
    expect(failures.map(String)).toEqual(['Error: refused', 'Error: refused']);
  });

  it('leaves what comes after its stop to the next reader, at once', async () => {
    const first = reader();
    await publish(1, 1);
    await holds(() => expect(first.taken()).toEqual([1]));
    await first.stop();
    await publish(2, 3);
    const second = reader();
    await holds(() => expect(second.taken()).toEqual([2, 3]));
    expect(first.taken()).toEqual([1]);
  });

  it('stops where NATS was never there', async () => {
    const { stop, taken } = reader(() => false, new Promise(() => undefined));
    await stop();
    expect(taken()).toEqual([]);
  });
});
