import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entityDifferences } from '@trunkmesh/event-log/entity-differences.fixture.js';
import { startPostgres, type Postgres } from '@trunkmesh/testkit/postgres.process.js';
import { freshDatabase } from './call-log/call-log.fixture.js';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

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
