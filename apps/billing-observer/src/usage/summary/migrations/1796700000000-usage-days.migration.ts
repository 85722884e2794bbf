import type { MigrationInterface, QueryRunner } from 'typeorm';

export class UsageDays1796700000000 implements MigrationInterface {
  name = 'UsageDays1796700000000';

  async up(runner: QueryRunner): Promise<void> {
    // What the events of the organisations say; none: UTC.
    await runner.query(
      'CREATE TABLE usage_time_zones (organization_id uuid PRIMARY KEY, version bigint NOT NULL, time_zone text NOT ' +
        'NULL)',
    );
    // Sums over the ledger, by day in the organisation's time zone: a read model that can be made again from it.
    // A later migration counts what there is: the statement that counts has a column that comes with that one.
    await runner.query(`
      CREATE TABLE usage_days (
        organization_id uuid NOT NULL,
        dimension text NOT NULL,
        day date NOT NULL,
        key text NOT NULL,
        currency text NOT NULL,
        calls bigint NOT NULL,
        answered bigint NOT NULL,
        estimated bigint NOT NULL,
        billable_seconds bigint NOT NULL,
        charged_seconds bigint NOT NULL,
        amount_micros bigint NOT NULL,
        PRIMARY KEY (organization_id, dimension, day, key, currency)
      ) WITH (fillfactor = 70)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage_days, usage_time_zones');
  }
}
