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
        'usage_records',
      ]);
      expect(await entityDifferences(db)).toEqual([]);
      await db.query('ALTER TABLE usage_records ALTER COLUMN sip_status SET NOT NULL');
      expect(await entityDifferences(db)).toEqual([expect.stringContaining('"sip_status" DROP NOT NULL')]);
    } finally {
      await db.destroy();
    }
  });
});
