import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import { EnvironmentError } from './environment.js';
import { runService, type ServiceOptions } from './run-service.process.js';
import { CONFIG, READINESS } from './service.module.js';

const environment = z.object({
  LOG_LEVEL: z.string().default('silent'),
  OPS_PORT: z.coerce.number().default(0),
  NAME: z.string().min(1),
});
type Config = z.output<typeof environment>;

let events: string[] = [];
afterEach(() => {
  events = [];
});

@Module({
  providers: [
    { provide: READINESS, inject: [CONFIG], useFactory: (config: Config) => () => ({ [config.NAME]: 'up' }) },
  ],
})
class AppModule implements OnApplicationBootstrap, OnApplicationShutdown {
  onApplicationBootstrap(): void {
    events.push('began');
  }
  onApplicationShutdown(): void {
    events.push('ended');
  }
}

function given(env: Record<string, string>, options: Partial<ServiceOptions<Config>> = {}) {
  const source = new EventEmitter();
  let exited!: (code: number) => void;
  const exit = new Promise<number>((resolve) => {
    exited = resolve;
  });
  const run = () =>
    runService<Config>(AppModule, {
      name: 'test',
      environment,
      host: { env, source, exit: (code) => exited(code) },
      ...options,
    });
  return { run, source, exit };
}

describe('runService', () => {
  it('starts the modules with the parsed environment, and stops them at a signal with exit code 0', async () => {
    const port = await freePort();
    const { run, source, exit } = given({ NAME: 'database', OPS_PORT: String(port) });
    await run();
    expect(events).toEqual(['began']);
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', checks: { database: 'up' } }]);
    source.emit('SIGTERM');
    expect(await exit).toBe(0);
    expect(events).toEqual(['began', 'ended']);
    await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
  });

  it('starts nothing with an environment that is not usable, and names the variable', async () => {
    const { run, source } = given({});
    await expect(run()).rejects.toThrow(EnvironmentError);
    await expect(run()).rejects.toThrow(/NAME: is not set/);
    expect([events, source.eventNames()]).toEqual([[], []]);
  });

  it('stops the application when the ops port is taken', async () => {
    const port = await freePort();
    const first = given({ NAME: 'a', OPS_PORT: String(port) });
    await first.run();
    await expect(given({ NAME: 'b', OPS_PORT: String(port) }).run()).rejects.toThrow(/EADDRINUSE/);
    expect(events).toEqual(['began', 'began', 'ended']);
    first.source.emit('SIGTERM');
    expect(await first.exit).toBe(0);
  });

  it('takes the application that the service starts for itself, which rejects with the cause', async () => {
    const failing = given(
      { NAME: 'a' },
      {
        start: async (_root, options) => {
          @Module({ providers: [{ provide: 'broken', useFactory: () => Promise.reject(new Error('no key')) }] })
          class Broken {}
          return { app: await NestFactory.createApplicationContext(Broken, options) };
        },
      },
    );
    await expect(failing.run()).rejects.toThrow('no key');
  });
});

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
