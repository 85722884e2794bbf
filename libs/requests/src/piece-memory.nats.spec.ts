import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { PieceMemory } from './piece-memory.nats.js';

let nats: NatsServer;
let nc: NatsConnection;

beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connect({ servers: nats.url });
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});

/** The memory that a reply gets; what it sends is told from others by `nth`. */
const replied = (pieces: PieceMemory, nth: number): Promise<Uint8Array> =>
  pieces.lend(async (memory) => {
    for (let at = 0; at < 8; at += 1) {
      const piece = memory.subarray(at * 1_000, (at + 1) * 1_000).fill(nth);
      nc.publish('pieces', piece);
      if (at === 4) await Promise.resolve();
    }
    return memory;
  });

it('is used again once nats-server has the pieces, which arrive as they were sent', async () => {
  const seen: number[] = [];
  const subscription = nc.subscribe('pieces', {
    callback: (_error, { data }) => {
      expect(new Set(data).size).toBe(1);
      seen.push(data[0]!);
    },
  });
  const pieces = new PieceMemory(8_000, { connection: nc });
  const first = await replied(pieces, 1);
  await nc.flush();
  const again = await replied(pieces, 2);
  expect(again).toBe(first);
  // The server does not have those of the one before, or the other reply is not over.
  const [third, fourth] = await Promise.all([replied(pieces, 3), replied(pieces, 4)]);
  expect(new Set([again, third, fourth]).size).toBe(3);
  for (let nth = 5; nth <= 200; nth += 1) {
    await replied(pieces, nth);
    if (nth % 3 === 0) await nc.flush();
  }
  await eventually(() => seen.length === 8 * 200);
  subscription.unsubscribe();
  expect(seen.sort((one, two) => one - two)).toEqual(
    Array.from({ length: 8 * 200 }, (_none, at) => 1 + Math.floor(at / 8)),
  );
});

it('comes back from a reply that fails', async () => {
  const pieces = new PieceMemory(8_000, { connection: nc });
  let lent: Uint8Array | undefined;
  const failing = pieces.lend(async (memory) => {
    lent = memory;
    throw new Error('no answer');
  });
  await expect(failing).rejects.toThrow('no answer');
  await nc.flush();
  expect(await replied(pieces, 1)).toBe(lent);
});

it('is left to a connection that is lost, and to one that is not there', async () => {
  const lost = await connect({ servers: nats.url });
  const link: { connection?: NatsConnection } = { connection: lost };
  const pieces = new PieceMemory(8_000, {
    get connection() {
      return link.connection;
    },
  });
  await lost.close();
  const first = await replied(pieces, 1);
  delete link.connection;
  const second = await replied(pieces, 2);
  link.connection = nc;
  await nc.flush();
  expect(new Set([first, second, await replied(pieces, 3)]).size).toBe(3);
});
