import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { createLogger } from './logger.process.js';
import { connectNats, type NatsConnection, serversOf } from './connection.nats.js';

const logger = createLogger('test', { level: 'silent' });
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function close(nc: NatsConnection): void {
  stops.push(() => nc.close());
}

describe('connectNats', () => {
  it('waits for a server that is not there yet', async () => {
    const port = await freePort();
    const connecting = connectNats(`nats://127.0.0.1:${port}`, { name: 'test', logger });
    const server = await startNatsServer({ port });
    stops.push(() => server.stop());
    const nc = await connecting;
    close(nc);
    expect(nc.isClosed()).toBe(false);
    await nc.flush();
  });

  it('comes back after the server was killed, with its subscriptions', async () => {
    const server = await startNatsServer();
    stops.push(() => server.stop());
    const nc = await connectNats(server.url, { name: 'test', logger });
    close(nc);
    nc.subscribe('echo', { callback: (_error, message) => void message.respond(message.data) });
    const reconnected = (async () => {
      for await (const status of nc.status()) if (status.type === 'reconnect') return;
    })();
    await server.restart('SIGKILL');
    await reconnected;
    expect((await nc.request('echo', 'again')).string()).toBe('again');
  });
});

describe('serversOf', () => {
  it.each([
    ['nats://127.0.0.1:4222', { servers: ['127.0.0.1:4222'] }],
    ['one.example.com,nats://two.example.com:4333', { servers: ['one.example.com', 'two.example.com:4333'] }],
    ['nats://mesh:p%40ss@nats.example.com:4222', { servers: ['nats.example.com:4222'], user: 'mesh', pass: 'p@ss' }],
    ['nats://token@nats.example.com', { servers: ['nats.example.com'], token: 'token' }],
    ['tls://nats.example.com', { servers: ['nats.example.com'], tls: {} }],
    ['nats://[2001:db8::1]:4222', { servers: ['[2001:db8::1]:4222'] }],
  ])('%s', (url, options) => {
    expect(serversOf(url)).toEqual(options);
  });

  it.each([
    'nats://mesh:hunter/2@nats.example.com',
    'mesh:hunter#2@nats.example.com,',
    'nats://mesh:hunter2@nats.example.com:99999',
  ])('an invalid URL does not reveal its password: %#', async (url) => {
    const lines: string[] = [];
    const capturing = createLogger('test', {
      destination: {
        write: (line: string) => {
          lines.push(line);
        },
      },
    });
    await connectNats(url, { name: 'test', logger: capturing }).catch((error: Error) =>
      capturing.error({ err: error }, error.message),
    );
    expect(lines.join('')).toContain('percent-encoded');
    expect(lines.join('')).not.toContain('hunter');
  });
});
