import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A day that is counted again gets another version, so that what is held of it in memory is known to be old. */
export class CallDayVersions1798300000000 implements MigrationInterface {
  name = 'CallDayVersions1798300000000';

  async up(runner: QueryRunner): Promise<void> {
    // Copies of an older version insert without it.
    await runner.query('ALTER TABLE call_log_days ADD COLUMN version uuid NOT NULL DEFAULT gen_random_uuid()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE call_log_days DROP COLUMN version');
  }
}
