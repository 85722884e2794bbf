import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { startCallsConsumer } from './calls.nats.js';

const logger = createLogger('test', { level: 'silent' });
let server: NatsServer;
let nc: NatsConnection;
beforeAll(async () => {
  server = await startNatsServer();
  nc = await connectNats(server.url, { name: 'billing-observer', logger });
  await ensureStreams(nc);
});
afterAll(async () => {
  await nc?.close();
  await server?.stop();
});

it('stops at once where it has not begun to pull', async () => {
  const consumer = startCallsConsumer({ nc, logger, ackWaitMs: 1_000, onMessage: () => undefined });
  await consumer.stop();
  expect(consumer.trouble()).toBe('not yet connected');
}, 10_000);
