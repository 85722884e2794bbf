import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The latest tests of each organisation: all copies of the service count them together. */
export class CreateTestRuns1764000209000 implements MigrationInterface {
  name = 'CreateTestRuns1764000209000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table test_runs (
        id uuid not null constraint test_runs_pk primary key,
        organization_id uuid not null,
        kind text not null,
        began_at timestamptz not null,
        -- Another one may not begin before; null: it has ended.
        busy_until timestamptz
      )`);
    await runner.query('create index test_runs_organization on test_runs (organization_id, kind)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table test_runs');
  }
}
