import type { MigrationInterface, QueryRunner } from 'typeorm';

export class TimesBesideGaps1798700000000 implements MigrationInterface {
  name = 'TimesBesideGaps1798700000000';

  async up(runner: QueryRunner): Promise<void> {
    // When calls beside missing records ended, of calls that are no longer in the call log.
    await runner.query(`
      CREATE TABLE times_beside_gaps (
        bridge_id text NOT NULL,
        bridge_epoch uuid NOT NULL,
        record_number bigint NOT NULL,
        "time" timestamptz NOT NULL,
        PRIMARY KEY (bridge_id, bridge_epoch, record_number)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE times_beside_gaps');
  }
}
