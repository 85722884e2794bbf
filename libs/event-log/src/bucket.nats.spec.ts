import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { GATEWAYS_BUCKET, gatewayKey, gatewaysOfBridge } from '@trunkmesh/contracts/subjects.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { type NatsServer, startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { z } from 'zod';
import { type Bucket, openBucket } from './bucket.nats.js';
import { logger } from './servers.fixture.js';
import { ensureStreams } from './streams.nats.js';

const schema = z.object({ n: z.number() });
type Value = z.infer<typeof schema>;
const key = (trunk: string, bridge = 'b1') => gatewayKey('org', trunk, bridge);

let nats: NatsServer;
let nc: NatsConnection;
let bucket: Bucket<Value>;
const undo: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'test', logger });
  await ensureStreams(nc);
  bucket = openBucket(nc, { name: GATEWAYS_BUCKET, schema, logger });
});
afterEach(async () => {
  for (const one of undo.splice(0)) await one();
  await (await jetstreamManager(nc)).streams.purge(`KV_${GATEWAYS_BUCKET}`);
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});

function watching(keys?: string) {
  const seen = new Map<string, Value>();
  const state = { caughtUp: 0, resets: 0, deleted: [] as string[] };
  const watch = bucket.watch({
    keys,
    heartbeatMs: 200,
    onPut: (at, value) => seen.set(at, value),
    onDelete: (at) => {
      seen.delete(at);
      state.deleted.push(at);
    },
    onCaughtUp: () => {
      state.caughtUp += 1;
    },
    onReset: () => {
      seen.clear();
      state.resets += 1;
    },
  });
  undo.push(() => watch.stop());
  return { seen, state };
}

describe('a bucket', () => {
  it('gives what was put, until it is deleted', async () => {
    expect(await bucket.get(key('t'))).toBeUndefined();
    await bucket.put(key('t'), { n: 1 });
    expect(await bucket.get(key('t'))).toEqual({ n: 1 });
    await bucket.delete(key('t'));
    expect(await bucket.get(key('t'))).toBeUndefined();
  });

  it('lists what is there, by wildcards', async () => {
    await bucket.put(key('t1'), { n: 1 });
    await bucket.put(key('t2', 'b2'), { n: 2 });
    await bucket.put(key('t3', 'b2'), { n: 3 });
    await bucket.delete(key('t3', 'b2'));
    expect([...(await bucket.list(gatewaysOfBridge('b2')))]).toEqual([[key('t2', 'b2'), { n: 2 }]]);
    expect((await bucket.list()).size).toBe(2);
  });

  it('aborts a list on request, and leaves no reader behind', async () => {
    const subscribing = jest.spyOn(nc, 'subscribe');
    undo.push(async () => subscribing.mockRestore());
    await nats.halt();
    const list = bucket.list(undefined, AbortSignal.timeout(200));
    await expect(list).rejects.toThrow('timeout');
    const subscriptions = subscribing.mock.results.map(({ value }) => value as ReturnType<NatsConnection['subscribe']>);
    expect(subscriptions.map((subscription) => subscription.isClosed())).toEqual([true]);
    await nats.start();
    await eventually(() => bucket.list().then(({ size }) => size === 0));
  });

  it('passes over what is not of its shape', async () => {
    for (const text of ['{"n":"x"}', 'not json', '']) {
      await jetstream(nc).publish(`$KV.${GATEWAYS_BUCKET}.${key('t')}`, text);
      expect(await bucket.get(key('t'))).toBeUndefined();
      expect((await bucket.list()).size).toBe(0);
    }
    await expect(bucket.put(key('t'), { n: 'x' } as never)).rejects.toThrow();
  });

  it.each(['', 'a b', 'a.*', '>', 'a..b', '.a'])('refuses the key %j', async (bad) => {
    await expect(bucket.put(bad, { n: 1 })).rejects.toThrow(TypeError);
  });

  it('can be read by any KV client of NATS', async () => {
    const { Kvm } = await import('@nats-io/kv');
    await bucket.put(key('t'), { n: 7 });
    const theirs = await new Kvm(nc).open(GATEWAYS_BUCKET);
    expect((await theirs.get(key('t')))!.json()).toEqual({ n: 7 });
    await theirs.delete(key('t'));
    expect(await bucket.get(key('t'))).toBeUndefined();
    await theirs.put(key('t'), '{"n":8}');
    expect(await bucket.get(key('t'))).toEqual({ n: 8 });
  });
});

describe('watch', () => {
  it('says what is there, that this was all, and then each change', async () => {
    await bucket.put(key('t1'), { n: 1 });
    const { seen, state } = watching();
    await eventually(() => state.caughtUp === 1);
    expect([...seen]).toEqual([[key('t1'), { n: 1 }]]);
    await bucket.put(key('t2'), { n: 2 });
    await bucket.delete(key('t1'));
    await eventually(() => state.deleted.length === 1 && seen.has(key('t2')));
  });

  it('is caught up at once where there is nothing', async () => {
    const { state } = watching();
    await eventually(() => state.caughtUp === 1);
  });

  it('goes on after the server was killed', async () => {
    const { seen, state } = watching();
    await eventually(() => state.caughtUp === 1);
    await bucket.put(key('t1'), { n: 1 });
    await nats.restart('SIGKILL');
    await eventually(() => bucket.put(key('t2'), { n: 2 }).then(() => true));
    await eventually(() => seen.size === 2);
    expect(state.resets).toBe(0);
  });

  it('starts again when the bucket was recreated', async () => {
    await bucket.put(key('t1'), { n: 1 });
    const { seen, state } = watching();
    await eventually(() => seen.size === 1);
    await (await jetstreamManager(nc)).streams.delete(`KV_${GATEWAYS_BUCKET}`);
    await ensureStreams(nc);
    await bucket.put(key('t2'), { n: 2 });
    await eventually(() => state.resets === 1 && seen.has(key('t2')));
    expect([...seen.keys()]).toEqual([key('t2')]);
  });
});
