import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `effective_from` as the API writes it, so that the texts are in the order of the times. */
export class CreateRatePlans1764000095000 implements MigrationInterface {
  name = 'CreateRatePlans1764000095000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table rate_plans (
        organization_id uuid not null,
        effective_from text collate "C" not null,
        version int not null,
        state jsonb not null,
        constraint rate_plans_pk primary key (organization_id, effective_from)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table rate_plans');
  }
}
