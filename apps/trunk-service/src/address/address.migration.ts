import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Networks are `inet`, for which PostgreSQL has an index that finds what contains or overlaps an address. */
export class CreateAddresses1764000060000 implements MigrationInterface {
  name = 'CreateAddresses1764000060000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table addresses (
        organization_id uuid not null,
        network inet not null,
        version int not null,
        state jsonb not null,
        constraint addresses_pk primary key (organization_id, network)
      )`);
    await runner.query('create index addresses_by_network on addresses using gist (network inet_ops)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table addresses');
  }
}

/** What is reported to the operator once. */
export class CreateReportsMade1764000061000 implements MigrationInterface {
  name = 'CreateReportsMade1764000061000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create table reports_made (name text not null constraint reports_made_pk primary key, made_at ' +
        'timestamptz not null)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table reports_made');
  }
}
