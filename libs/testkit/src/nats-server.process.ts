import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from './eventually.process.js';
import { freePort } from './free-port.net.js';
import { startFailure } from './start-failure.process.js';
import { startSupervised, type Supervised } from './supervised.process.js';

export interface NatsServerOptions {
  port?: number;
  /** Kept after `stop`; without one a temporary folder is used and removed. */
  storeDir?: string;
  logFile?: string;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Default: SIGTERM. Removes a temporary store. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Stops the server and leaves store and port to a later `start`. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** While it is halted: everything that JetStream kept. */
  loseDisk(): Promise<void>;
  /** The same port and data. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  readonly process: () => Supervised | undefined;
}

/** Where nats-server is, or undefined. Debian puts it in /usr/sbin, which is not on everybody's PATH. */
export function findNatsServer(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'nats-server'))
    .find((path) => existsSync(path));
}

/** A private nats-server with JetStream on the loopback. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  try {
    return await start(options);
  } catch (error) {
    throw startFailure('nats-server', error);
  }
}

async function start(options: NatsServerOptions): Promise<NatsServer> {
  const binary = findNatsServer();
  if (binary === undefined)
    throw new Error('nats-server was not found on PATH: install it (Debian and Ubuntu: apt-get install nats-server)');
  const port = options.port ?? (await freePort());
  const home = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'trunkmesh-nats-')));
  await mkdir(home, { recursive: true });
  const logFile = options.logFile ?? join(home, 'nats-server.log');
  const configuration = join(home, 'nats-server.conf');
  await writeFile(
    configuration,
    [
      `host: "127.0.0.1"`,
      `port: ${port}`,
      `max_payload: 8MB`,
      `write_deadline: "10s"`,
      `jetstream { store_dir: ${JSON.stringify(home)}, max_file_store: 64GB, max_memory_store: 256MB }`,
      '',
    ].join('\n'),
  );
  let running: Supervised | undefined;
  const server: NatsServer = {
    url: `nats://127.0.0.1:${port}`,
    port,
    process: () => running,
    start: async () => {
      const child = await startSupervised(binary, ['-c', configuration], { logFile, onParentDeath: 'TERM' });
      running = child;
      await eventually(() => greets(port), {
        timeoutMs: 30_000,
        intervalMs: 10,
        message: `nats-server on port ${port}`,
        hopeless: () => (child.running() ? undefined : `nats-server ended at once: ${child.tail()}`),
      });
    },
    halt: async (signal = 'SIGTERM') => {
      await running?.stop(signal);
      running = undefined;
    },
    stop: async (signal = 'SIGTERM') => {
      await server.halt(signal);
      if (options.storeDir === undefined) await rm(home, { recursive: true, force: true });
    },
    loseDisk: () => rm(join(home, 'jetstream'), { recursive: true, force: true }),
    restart: async (signal = 'SIGTERM') => {
      await server.halt(signal);
      await server.start();
    },
  };
  try {
    await server.start();
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  return server;
}

/** A server that is up sends `INFO {…}` at once; JetStream has recovered its streams by then. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('data', (data) => done(data.toString('latin1').startsWith('INFO')));
  });
}
