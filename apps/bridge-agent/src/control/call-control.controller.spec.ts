import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats } from '@trunkmesh/runtime/connection.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { serveCallControl } from './call-control.fixture.js';

it('a subject that NATS does not let this bridge hear is said, and the others are answered', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-control-'));
  const server = await startNatsServer({ storeDir: folder });
  const permissions =
    '{ publish: ">", subscribe: { allow: ">", deny: ' + `"${bridgeRequest('bridge-1', 'call.hangup')}" } }`;
  await appendFile(
    join(folder, 'nats-server.conf'),
    `authorization { users: [{ user: bridge, password: "of the tests", permissions: ${permissions} }] }\n`,
  );
  await server.restart();
  const said: string[] = [];
  const logger = createLogger('test', {
    level: 'error',
    destination: {
      write: (line) => {
        said.push(line);
      },
    },
  });
  const nc = await connectNats(server.url.replace('nats://', 'nats://bridge:of%20the%20tests@'), {
    name: 'test',
    logger,
  });
  const nothing = () => undefined;
  const stop = await serveCallControl(Promise.resolve(nc), {
    conversations: new Map(),
    canceledAhead: { note: nothing },
    logger,
    eventSocket: {
      connected: false,
      send: () => Promise.resolve({ outcome: 'disconnected' }),
      api: () => Promise.resolve({ outcome: 'disconnected' }),
    },
    live: { noted: () => Promise.resolve(), reached: nothing, transferEnded: nothing, unheldOf: () => [] },
  });
  try {
    await eventually(() => said.some((line) => line.includes('call.hangup') && line.includes('cannot subscribe')), {
      message: 'the log',
    });
    const reply = await nc.request(bridgeRequest('bridge-1', 'call.dtmf'), '{}', { timeout: 5_000 });
    expect(reply.json()).toMatchObject({ outcome: 'refused', code: 'invalid-request' });
  } finally {
    await stop();
    await nc.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
