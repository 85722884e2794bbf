import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import { createDatabase } from './database.pg.js';
import { clientConfig, openRelaySession } from './relay-session.pg.js';
import { SteadyClient } from './steady-client.pg.js';

let postgres: Postgres;
let url: string;
beforeAll(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase('other_settings');
  const admin = new pg.Client(url);
  await admin.connect();
  for (const setting of [
    'datestyle = German',
    'intervalstyle = iso_8601',
    "timezone = 'Asia/Manila'",
    'extra_float_digits = -3',
    'bytea_output = escape',
  ])
    await admin.query(`ALTER DATABASE other_settings SET ${setting}`);
  await admin.end();
}, 60_000);
afterAll(() => postgres?.stop());

const WRITTEN = `SELECT '2026-11-23'::date::text AS day, '2026-11-23T10:00:00.5Z'::timestamptz::text AS time,
  '2026-11-23T10:00:00.5Z'::timestamptz AS read, '01/02/2026'::date::text AS ambiguous,
  interval '36 hours'::text AS length, (0.1::float8 + 0.2::float8)::text AS float, '\\x00ff'::bytea::text AS bytes`;
const ISO = {
  day: '2026-11-23',
  time: '2026-11-23 10:00:00.5+00',
  read: new Date('2026-11-23T10:00:00.500Z'),
  ambiguous: '2026-01-02',
  length: '36:00:00',
  float: '0.30000000000000004',
  bytes: '\\x00ff',
};

const options = { application: 'test', poolSize: 1, connectMs: 5_000, statementMs: 5_000, idleMs: 5_000 };
const openPool = (of: string) => createDatabase({ ...options, url: of, entities: [], migrations: [] }).initialize();

describe('a connection', () => {
  it('of a pool reads and writes values alike, however the database is set up', async () => {
    const pool = await openPool(url);
    expect(await pool.query(WRITTEN)).toEqual([ISO]);
    await pool.destroy();
  });

  it('of the relay does, too', async () => {
    const pool = await openPool(url);
    const relay = await openRelaySession(clientConfig(pool));
    expect((await relay.client.query(WRITTEN)).rows).toEqual([ISO]);
    await relay.end();
    await pool.destroy();
  });

  it('keeps the options of its URL, except those that would change this', async () => {
    const given = new URL(url);
    given.searchParams.set('options', '-c search_path=other -c datestyle=SQL');
    const client = new SteadyClient(given.href);
    await client.connect();
    expect((await client.query('SHOW search_path')).rows).toEqual([{ search_path: 'other' }]);
    expect((await client.query(WRITTEN)).rows).toEqual([ISO]);
    await client.end();
  });
});
