import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Refusals whose statuses a bridge has to deliver. */
export class AddRefusalReports1764000205000 implements MigrationInterface {
  name = 'AddRefusalReports1764000205000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table outbound_refusals
        -- When a bridge is asked to deliver them; null: nothing is left to deliver.
        add column report_at timestamptz,
        -- The bridge that was asked, and may deliver them.
        add column reporter text collate "C"`);
    await runner.query(
      'create index outbound_refusals_reports on outbound_refusals (report_at) where report_at is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table outbound_refusals drop column report_at, drop column reporter');
  }
}
