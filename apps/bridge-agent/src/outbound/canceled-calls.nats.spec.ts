import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OUTBOUND_CANCELED } from '@trunkmesh/contracts/subjects.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { canceledOf } from './canceled-calls.nats.js';

let folder: string;
let server: NatsServer;
let connection: NatsConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-canceled-'));
  server = await startNatsServer({ storeDir: folder });
  connection = await connectNats(server.url, { name: 'test', logger: createLogger('test', { level: 'silent' }) });
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('calls that were left ringing', () => {
  const [one, other] = [randomUUID(), randomUUID()];

  it('are asked about until trunk-service answers', async () => {
    const asking = canceledOf({ connection }, [one, other]);
    const subscription = connection.subscribe(OUTBOUND_CANCELED, {
      callback: (_error, message) => {
        const { call_ids } = message.json<{ call_ids: string[] }>();
        message.respond(JSON.stringify({ canceled: call_ids.slice(1) }));
      },
    });
    expect(await asking).toEqual(new Set([other]));
    subscription.unsubscribe();
  });

  it.each(['without an answer', 'without NATS', 'with a reply that cannot be read'])(
    'are not known %s',
    async (how) => {
      const subscription = connection.subscribe(OUTBOUND_CANCELED, {
        callback: (_error, message) => void (how.startsWith('with a') && message.respond('nothing')),
      });
      const link = { connection: how === 'without NATS' ? undefined : connection };
      expect(await canceledOf(link, [one])).toEqual(new Set());
      subscription.unsubscribe();
    },
  );
});
