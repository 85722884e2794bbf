import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import pg from 'pg';
import type { DataSource } from 'typeorm';

/** Any number that nothing else of ours locks; the relay's leader has another one. */
const MIGRATION_LOCK = 7_102_001;

/**
 * Several copies start at once: one migrates, the others wait for it and find nothing left to do. The lock has a
 * connection of its own, because it belongs to a session and the pool hands out any.
 */
export async function migrate(dataSource: DataSource, url: string, logger: Logger): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    application_name: 'trunk-service migrations',
  });
  client.on('error', (error) =>
    logger.warn({ err: { message: error.message } }, "the migrations' connection was lost"),
  );
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const done = await dataSource.runMigrations({ transaction: 'each' });
    if (done.length > 0) logger.info({ migrations: done.map(({ name }) => name) }, 'migrated the database');
  } finally {
    await client.end();
  }
}
