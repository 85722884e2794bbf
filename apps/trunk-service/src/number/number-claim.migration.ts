import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Claims on numbers that another organisation has. They wait for a proof and run out: no event is made of them. */
export class CreateNumberClaims1764000070000 implements MigrationInterface {
  name = 'CreateNumberClaims1764000070000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table number_claims (
        organization_id uuid not null,
        phone_number text collate "C" not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        constraint number_claims_pk primary key (organization_id, phone_number)
      )`);
    await runner.query('create index number_claims_by_number on number_claims (phone_number)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table number_claims');
  }
}
