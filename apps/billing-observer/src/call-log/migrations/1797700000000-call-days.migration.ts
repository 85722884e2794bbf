import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many calls each past day of an organisation has, by what lists are filtered by (call-days.pg.ts). Only days in
 * `call_log_days` are whole; counts of other days are left over and are not read. Empty tables are correct.
 */
export class CallDays1797700000000 implements MigrationInterface {
  name = 'CallDays1797700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE call_log_days (
        organization_id uuid NOT NULL,
        day date NOT NULL,
        PRIMARY KEY (organization_id, day)
      )`);
    // `filter`: a column of `call_log` with one value of it; empty: all calls.
    await runner.query(`
      CREATE TABLE call_log_day_counts (
        organization_id uuid NOT NULL,
        filter text NOT NULL,
        value text COLLATE "C" NOT NULL,
        day date NOT NULL,
        status text NOT NULL,
        direction text NOT NULL,
        calls int NOT NULL,
        PRIMARY KEY (organization_id, filter, value, day, status, direction) INCLUDE (calls)
      )`);
    await runner.query('CREATE INDEX call_log_day_counts_of_day ON call_log_day_counts (organization_id, day)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE call_log_day_counts, call_log_days');
  }
}
