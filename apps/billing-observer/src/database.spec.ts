import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate } from '@trunkmesh/event-log/database.pg.js';
import { entityDifferences } from '@trunkmesh/event-log/entity-differences.fixture.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import pino from 'pino';
import { freshDatabase } from './call-log/call-log.fixture.js';
import { createDataSource } from './database.pg.js';
import { summarize } from './usage/answers/summary-query.pg.js';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

describe('the days of a summary', () => {
  it('are in ISO 8601, however the database writes dates', async () => {
    const url = await postgres.createDatabase('german');
    const admin = await createDataSource(url).initialize();
    await admin.query('ALTER DATABASE german SET datestyle = German');
    await admin.destroy();
    const db = await createDataSource(url).initialize();
    await migrate(db, pino({ level: 'silent' }));
    const organization = '0190a5b2-7c00-7000-8000-000000000001';
    await db.query(
      `INSERT INTO usage_days (organization_id, day, dimension, key, currency, carrier_cost, calls, answered, estimated,
         billable_seconds, charged_seconds, amount_micros)
       VALUES ($1, '2026-11-23', 'all', '', 'USD', 'external', 1, 1, 0, 60, 60, 12500)`,
      [organization],
    );
    const query = { organization_id: organization, from: '2026-11-01', to: '2026-11-30', limit: 100 };
    const { from, to, groups } = await summarize(db, { ...query, by: 'day' });
    expect({ from, to, keys: groups.map(({ key }) => key) }).toEqual({
      ...{ from: '2026-11-01', to: '2026-11-30' },
      keys: ['2026-11-23'],
    });
    await db.destroy();
  });
});

describe("the observer's entities", () => {
  it('are what the migrations make', async () => {
    const { db } = await freshDatabase(postgres);
    try {
      expect(db.entityMetadatas.map(({ tableName }) => tableName).sort()).toEqual([
        'bridge_progress',
        'calls',
        'unreadable',
      ]);
      expect(await entityDifferences(db)).toEqual([]);
      await db.query('ALTER TABLE unreadable ALTER COLUMN reason DROP NOT NULL');
      expect(await entityDifferences(db)).toEqual([expect.stringContaining('"reason" SET NOT NULL')]);
    } finally {
      await db.destroy();
    }
  });
});
