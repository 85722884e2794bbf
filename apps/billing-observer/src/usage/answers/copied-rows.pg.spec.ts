import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '@trunkmesh/event-log/database.pg.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import type { DataSource } from 'typeorm';
import { copyRows } from './copied-rows.pg.js';

let postgres: Postgres;
let db: DataSource;

beforeAll(async () => {
  postgres = await startPostgres();
  const url = await postgres.createDatabase('copied');
  const times = { connectMs: 5_000, statementMs: 1_000, idleMs: 5_000 };
  const options = { url, application: 'test', poolSize: 1, entities: [], migrations: [], ...times };
  db = await createDatabase(options).initialize();
  await db.query(`CREATE FUNCTION noticed(n int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN RAISE NOTICE 'row %', n; RETURN n; END $$`);
});
afterAll(async () => {
  await db?.destroy();
  await postgres?.stop();
});

const LONG = 200_000;

describe('copied rows', () => {
  async function copied(sql: string, parameters: readonly unknown[] = []): Promise<string[]> {
    const rows: string[] = [];
    await copyRows(db, { sql, parameters }, (row) => rows.push(Buffer.from(row).toString()));
    return rows;
  }
  const next = async () => (await db.query('SELECT 1 AS one')) as unknown;

  it('are all there, in order, of any length, and the connection answers the next query', async () => {
    const rows = await copied(`SELECT n, repeat('ü', n % 700) FROM generate_series(1, 5000) AS n ORDER BY n`);
    const expected = (nth: number) => `${nth}\t${'ü'.repeat(nth % 700)}\n`;
    expect(rows).toEqual(Array.from({ length: 5_000 }, (_none, index) => expected(index + 1)));
    expect(await copied('SELECT repeat($1, $2::int)', ['x', LONG])).toEqual([`${'x'.repeat(LONG)}\n`]);
    expect(await copied('SELECT 1 WHERE false')).toEqual([]);
    expect(await next()).toEqual([{ one: 1 }]);
  });

  it('come through whatever else PostgreSQL sends', async () => {
    expect(await copied('SELECT noticed(n) FROM generate_series(1, 3) AS n')).toEqual(['1\n', '2\n', '3\n']);
    expect(await next()).toEqual([{ one: 1 }]);
  });

  it('end with the error of the statement, also in the middle', async () => {
    await expect(copied('SELECT 1 / (4000 - n) FROM generate_series(1, 5000) AS n')).rejects.toThrow(
      'division by zero',
    );
    await expect(copied('SELECT * FROM missing')).rejects.toThrow('relation "missing" does not exist');
    expect(await next()).toEqual([{ one: 1 }]);
  });

  it('end with the connection', async () => {
    const ended = 'SELECT n, pg_terminate_backend(pg_backend_pid()) FROM generate_series(1, 9) AS n';
    await expect(copied(ended)).rejects.toThrow(/terminat/);
    // The pool learns of it a moment later.
    expect(await eventually(next)).toEqual([{ one: 1 }]);
  });

  it('end when they take too long for PostgreSQL', async () => {
    await expect(copied('SELECT pg_sleep(0.01) FROM generate_series(1, 1000)')).rejects.toThrow(/statement timeout/);
    expect(await next()).toEqual([{ one: 1 }]);
  });

  it('are not taken any more when they take too long for us', async () => {
    await db.query('SET statement_timeout = 0');
    let taken = 0;
    const sql = 'SELECT pg_sleep(0.02) FROM generate_series(1, 150)';
    await expect(copyRows(db, { sql, parameters: [] }, () => (taken += 1))).rejects.toThrow(/read timeout/);
    const then = taken;
    // The same connection: PostgreSQL has sent the others before.
    expect(await next()).toEqual([{ one: 1 }]);
    expect(taken).toBe(then);
  });
});
