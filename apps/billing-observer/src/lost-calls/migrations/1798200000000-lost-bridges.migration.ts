import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LostBridges1798200000000 implements MigrationInterface {
  name = 'LostBridges1798200000000';

  async up(runner: QueryRunner): Promise<void> {
    // When each bridge sent its latest heartbeat. `seen_at` null: none since `noted_at`, when a call of it was found.
    await runner.query(`
      CREATE TABLE bridge_sightings (
        bridge_id text PRIMARY KEY,
        noted_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz
      )`);
    await runner.query("CREATE INDEX call_log_ongoing ON call_log (started_at) WHERE status = 'ongoing'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX call_log_ongoing');
    await runner.query('DROP TABLE bridge_sightings');
  }
}
