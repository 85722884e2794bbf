import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOrganizations1764000010000 implements MigrationInterface {
  name = 'CreateOrganizations1764000010000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table organizations (
        id uuid primary key,
        name_key text collate "C" not null constraint organizations_name unique deferrable initially immediate,
        status text not null,
        version int not null,
        state jsonb not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table organizations');
  }
}
