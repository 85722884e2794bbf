import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type JetStreamManager, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { callSubject, CALLS_STREAM, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { type NatsServer, startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { logger, subjectOf } from './servers.fixture.js';
import { StreamSettingsError } from './ensure-stream.nats.js';
import { createMissingStreams, ensureStreams } from './streams.nats.js';

let nats: NatsServer;
let nc: NatsConnection;
let manager: JetStreamManager;
beforeAll(async () => {
  nats = await startNatsServer();
  nc = await connectNats(nats.url, { name: 'test', logger });
  manager = await jetstreamManager(nc);
});
afterAll(async () => {
  await nc?.close();
  await nats?.stop();
});

describe('ensureStreams', () => {
  it('makes everything, by several at once, and finds nothing left to do', async () => {
    await Promise.all([ensureStreams(nc), ensureStreams(nc), ensureStreams(nc)]);
    const names: string[] = [];
    for await (const { config } of manager.streams.list()) names.push(config.name);
    expect(names.sort()).toEqual([
      'ALERTS',
      'CALLS',
      'CALL_REQUESTS',
      'GATEWAYS',
      'KV_bridge-owners',
      'KV_bridges',
      'KV_expected-calls',
      'KV_gateways',
      'KV_held-calls',
      'KV_sip-trunks',
      'KV_usage',
      'REFUSED',
      'SIP',
      'TRUNKMESH',
    ]);
    await ensureStreams(nc);
  });

  it('keeps every event: nothing can be deleted or purged', async () => {
    const { seq } = await jetstream(nc).publish(subjectOf('a'), 'x');
    await expect(manager.streams.deleteMessage(TRUNKMESH_STREAM, seq)).rejects.toThrow();
    await expect(manager.streams.purge(TRUNKMESH_STREAM)).rejects.toThrow();
    const { config } = await manager.streams.info(TRUNKMESH_STREAM);
    expect(config).toMatchObject({
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      discard: 'new',
      storage: 'file',
      duplicate_window: 120e9,
    });
  });

  it('updates what differs and keeps what is in it', async () => {
    await manager.streams.update(CALLS_STREAM, { max_age: 300e9 });
    await jetstream(nc).publish(callSubject('org', 'call'), 'x');
    await ensureStreams(nc, { duplicateWindowMs: 60_000 });
    const { config, state } = await manager.streams.info(CALLS_STREAM);
    expect(config).toMatchObject({ max_age: 30 * 86_400 * 1e9, duplicate_window: 60e9 });
    expect(state.messages).toBe(1);
  });

  it('later makes what was deleted and leaves what was changed by hand', async () => {
    await manager.streams.update(CALLS_STREAM, { max_age: 300e9 });
    await manager.streams.delete(TRUNKMESH_STREAM);
    await Promise.all([createMissingStreams(nc), createMissingStreams(nc)]);
    expect((await manager.streams.info(CALLS_STREAM)).config.max_age).toBe(300e9);
    expect((await manager.streams.info(TRUNKMESH_STREAM)).config).toMatchObject({ discard: 'new', deny_purge: true });
  });

  it('keeps SIP messages as the one service says that has the setting', async () => {
    const limits = async () => {
      const { max_age, max_bytes } = (await manager.streams.info('SIP')).config;
      return { max_age, max_bytes };
    };
    await ensureStreams(nc, { sip: { days: 2, bytes: 64_000_000 } });
    await ensureStreams(nc);
    expect(await limits()).toEqual({ max_age: 2 * 86_400 * 1e9, max_bytes: 64_000_000 });
    // More than this server's disk can have.
    const smaller: number[] = [];
    const bytes = 2 ** 52;
    await ensureStreams(nc, { sip: { days: 7, bytes, onSmaller: (got) => smaller.push(got) } });
    expect(smaller).toHaveLength(1);
    expect(await limits()).toEqual({ max_age: 7 * 86_400 * 1e9, max_bytes: smaller[0] });
    expect(Math.log2(bytes / smaller[0]!) % 1).toBe(0);
  });

  it.each([
    ['storage', { storage: StorageType.Memory }],
    ['retention', { retention: RetentionPolicy.Workqueue }],
  ])('says which stream it is whose %s cannot be changed', async (_, other) => {
    await manager.streams.delete(CALLS_STREAM).catch(() => undefined);
    await manager.streams.add({ name: CALLS_STREAM, subjects: ['trunkmesh.call.>'], ...other });
    await expect(ensureStreams(nc)).rejects.toThrow(StreamSettingsError);
    await expect(ensureStreams(nc)).rejects.toThrow('the stream CALLS');
    await manager.streams.delete(CALLS_STREAM);
  });
});
