import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AlertsLeftOut1798400000000 implements MigrationInterface {
  name = 'AlertsLeftOut1798400000000';

  async up(runner: QueryRunner): Promise<void> {
    // Organisations whose weeks before alerts could not be summed up yet.
    await runner.query(`ALTER TABLE alert_progress ADD COLUMN left_out uuid[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE alert_progress DROP COLUMN left_out');
  }
}
