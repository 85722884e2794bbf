import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { createDatabase } from './create-database.pg.js';
import { eventually } from './eventually.process.js';
import { freePort } from './free-port.net.js';
import { accountFor, findPostgres, type Account } from './postgres-account.process.js';
import { startFailure } from './start-failure.process.js';
import { startSupervised, type Supervised } from './supervised.process.js';

const run = promisify(execFile);

export interface PostgresOptions {
  port?: number;
  /** Kept after `stop`, its password beside it; without one a temporary folder is used and removed. */
  dataDir?: string;
  logFile?: string;
  /**
   * Sync to disk as production does. Without it a power cut loses data (a killed process does not), and tests are
   * several times faster.
   */
  durable?: boolean;
}

export interface Postgres {
  /** Of the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Makes the database unless it is there, as a copy of `template`, to which nobody may be connected; its URL. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** Default: SIGINT (PostgreSQL's fast shutdown). Removes a temporary data folder. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  halt(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  restart(signal?: NodeJS.Signals): Promise<void>;
  readonly process: () => Supervised | undefined;
}

const QUICK = ['fsync', 'full_page_writes', 'wal_init_zero'].flatMap((setting) => ['-c', `${setting}=off`]);

/** A private PostgreSQL on the loopback, without a Unix socket, with a password of its own. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  try {
    return await startServer(options);
  } catch (error) {
    throw startFailure('PostgreSQL', error);
  }
}

async function startServer(options: PostgresOptions): Promise<Postgres> {
  const binaries = findPostgres();
  if (binaries === undefined)
    throw new Error(
      'PostgreSQL was not found on PATH or under /usr/lib/postgresql: install it (Debian and Ubuntu: apt-get ' +
        'install postgresql)',
    );
  const home = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'trunkmesh-postgres-')));
  const removeTemporary = async () => {
    if (options.dataDir === undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await startIn(home, binaries, options, removeTemporary);
  } catch (error) {
    await removeTemporary();
    throw error;
  }
}

/**
 * Makes a cluster that is never started: with its folder in POSTGRES_TEMPLATE every later cluster is a copy of it, with
 * the same password, which takes half of the time that initdb takes.
 */
export async function makeTemplate(home: string): Promise<void> {
  const binaries = findPostgres();
  if (binaries !== undefined) await initialise({ home, binaries, account: accountFor(join(home, 'data')) });
}

async function startIn(
  home: string,
  binaries: string,
  options: PostgresOptions,
  removeTemporary: () => Promise<void>,
): Promise<Postgres> {
  const account = accountFor(join(home, 'data'));
  const port = options.port ?? (await freePort());
  const password = await initialise({ home, binaries, account });
  const urlOf = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  const logFile = options.logFile ?? join(home, 'postgres.log');
  let running: Supervised | undefined;

  const start = async () => {
    const [command, ...args] = [
      ...account.prefix,
      join(binaries, 'postgres'),
      '-D',
      join(home, 'data'),
      ...settings(port, options.durable ?? false),
    ];
    // QUIT is PostgreSQL's immediate shutdown: it takes its shared memory with it, which a KILL would leave behind.
    const child = await startSupervised(command!, args, { logFile, onParentDeath: 'QUIT', cwd: home });
    running = child;
    await eventually(() => answers(urlOf('postgres')), {
      timeoutMs: 60_000,
      intervalMs: 20,
      message: `PostgreSQL on port ${port}`,
      hopeless: () => (child.running() ? undefined : `PostgreSQL ended at once: ${child.tail()}`),
    });
  };
  const server: Postgres = {
    url: urlOf('postgres'),
    port,
    process: () => running,
    start: () => withRetry(start),
    createDatabase: async (name, template) => {
      await createDatabase(urlOf('postgres'), name, template);
      return urlOf(name);
    },
    halt: async (signal = 'SIGINT') => {
      await running?.stop(signal, 20_000);
      running = undefined;
    },
    stop: async (signal = 'SIGINT') => {
      await server.halt(signal);
      await removeTemporary();
    },
    restart: async (signal = 'SIGINT') => {
      await server.halt(signal);
      await server.start();
    },
  };
  try {
    await server.start();
  } catch (error) {
    await server.halt('SIGQUIT');
    throw error;
  }
  return server;
}

function settings(port: number, durable: boolean): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '64MB',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_min_messages: 'warning',
    timezone: 'UTC',
    max_wal_size: '2GB',
    jit: 'off',
  };
  return [...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]), ...(durable ? [] : QUICK)];
}

/** Makes the cluster unless it is there, and gives its password. */
async function initialise({
  home,
  binaries,
  account,
}: {
  home: string;
  binaries: string;
  account: Account;
}): Promise<string> {
  const passwordFile = join(home, 'password');
  if (existsSync(join(home, 'data', 'PG_VERSION')) && existsSync(passwordFile))
    return (await readFile(passwordFile, 'utf8')).trim();
  await mkdir(home, { recursive: true });
  await rm(join(home, 'data'), { recursive: true, force: true });
  account.own(join(home, 'data'));
  if (process.env['POSTGRES_TEMPLATE']) return copyCluster(process.env['POSTGRES_TEMPLATE'], home);
  const password = randomBytes(18).toString('base64url');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  // initdb runs as another user, which cannot read the file above: it gets the password in one of its own.
  account.own(join(home, 'initdb'));
  const handedOver = join(home, 'initdb', 'password');
  await writeFile(handedOver, `${password}\n`, { mode: 0o600 });
  if (account.prefix.length > 0) await run('chown', ['--reference', join(home, 'initdb'), handedOver]);
  const [command, ...args] = [
    ...account.prefix,
    join(binaries, 'initdb'),
    '-D',
    join(home, 'data'),
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${handedOver}`,
    '-E',
    'UTF8',
    '--no-locale',
    '-N',
  ];
  try {
    await run(command!, args, { cwd: home });
  } catch (error) {
    await rm(join(home, 'data'), { recursive: true, force: true });
    throw new Error(`initdb failed: ${(error as { stderr?: string }).stderr?.trim() || String(error)}`, {
      cause: error,
    });
  } finally {
    await unlink(handedOver).catch(() => undefined);
    await rm(join(home, 'initdb'), { recursive: true, force: true });
  }
  return password;
}

async function copyCluster(template: string, home: string): Promise<string> {
  await copyFile(join(template, 'password'), join(home, 'password'));
  await run('cp', ['-a', `${join(template, 'data')}/.`, join(home, 'data')]);
  return (await readFile(join(home, 'password'), 'utf8')).trim();
}

/**
 * After a SIGKILL the old backends hold the shared memory for another moment, and a new server refuses to start beside
 * them.
 */
async function withRetry(start: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 10 || !/shared memory block|lock file/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('SELECT 1');
  await client.end();
  return true;
}
