import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { linkNats, type OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { readCalls, type CallsReader } from './calls-reader.nats.js';

const logger = createLogger('test', { level: 'silent' });
let server: NatsServer;
let nats: OwnNatsLink;
beforeAll(async () => {
  server = await startNatsServer();
  nats = linkNats(server.url, { name: 'trunk-service', logger });
  await ensureStreams(await nats.ready);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});

it('stops where it is about to pull', async () => {
  const stopped = await new Promise<'stopped'>((resolve, reject) => {
    const reader: CallsReader = readCalls(nats, logger, {
      take: () => Promise.resolve(),
      // The last step before the pull.
      firstStart: (created) => {
        reader.stop().then(() => resolve('stopped'), reject);
        return Promise.resolve(created);
      },
      onCaughtUp: () => undefined,
    });
  });
  expect(stopped).toBe('stopped');
}, 10_000);
