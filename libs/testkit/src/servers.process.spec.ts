import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import pg from 'pg';
import { startNatsServer } from './nats-server.process.js';
import { makeTemplate, startPostgres } from './postgres.process.js';

const one = async (url: string, sql: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values(((await client.query(sql)).rows[0] as object) ?? {})[0];
  } finally {
    await client.end();
  }
};

describe('nats-server', () => {
  it('keeps its port and its streams over a kill', async () => {
    const server = await startNatsServer();
    let nc = await connect({ servers: server.url });
    await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept'] });
    await jetstream(nc).publish('kept', 'x');
    await nc.close();
    await server.restart('SIGKILL');
    nc = await connect({ servers: server.url });
    expect((await (await jetstreamManager(nc)).streams.info('KEPT')).state.messages).toBe(1);
    await nc.close();
    await server.stop();
  });
});

describe('PostgreSQL', () => {
  it('keeps its data over a kill, and makes databases once', async () => {
    const server = await startPostgres();
    const url = await server.createDatabase('mesh');
    expect(await server.createDatabase('mesh')).toBe(url);
    await one(url, 'CREATE TABLE kept AS SELECT 42 AS it');
    await server.restart('SIGKILL');
    expect(await one(url, 'SELECT it FROM kept')).toBe(42);
    await server.stop();
  });

  it('makes a database as a copy of another', async () => {
    const server = await startPostgres();
    await one(await server.createDatabase('original'), 'CREATE TABLE kept AS SELECT 42 AS it');
    const copy = await server.createDatabase('copy', 'original');
    expect(await one(copy, 'SELECT it FROM kept')).toBe(42);
    await one(copy, 'UPDATE kept SET it = 43 RETURNING it');
    expect(await one(await server.createDatabase('another', 'original'), 'SELECT it FROM kept')).toBe(42);
    await server.stop();
  });

  it('is a copy of the template that POSTGRES_TEMPLATE names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-template-'));
    await chmod(folder, 0o755);
    // Neither is there yet; PostgreSQL's own user has to come through both.
    const home = join(folder, 'templates', 'postgres');
    await makeTemplate(home);
    const before = process.env['POSTGRES_TEMPLATE'];
    process.env['POSTGRES_TEMPLATE'] = home;
    const [first, second] = await Promise.all([startPostgres(), startPostgres()]).finally(() => {
      if (before === undefined) delete process.env['POSTGRES_TEMPLATE'];
      else process.env['POSTGRES_TEMPLATE'] = before;
    });
    await one(first.url, 'CREATE TABLE own AS SELECT 42 AS it');
    const identity = 'SELECT system_identifier FROM pg_control_system()';
    expect(await one(first.url, identity)).toBe(await one(second.url, identity));
    expect(await one(second.url, "SELECT to_regclass('own')")).toBeNull();
    await Promise.all([first.stop(), second.stop()]);
    await rm(folder, { recursive: true });
  });

  it('runs where its user cannot enter the parent folder, and finds its data again', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'trunkmesh-closed-'));
    await chmod(closed, 0o700);
    const first = await startPostgres({ dataDir: join(closed, 'pg') });
    await one(first.url, 'CREATE TABLE kept AS SELECT 42 AS it');
    await first.stop();
    const second = await startPostgres({ dataDir: join(closed, 'pg'), port: first.port, durable: true });
    expect(second.url).toBe(first.url);
    expect(await one(second.url, 'SELECT it FROM kept')).toBe(42);
    await second.stop();
    await rm(closed, { recursive: true });
  });
});
