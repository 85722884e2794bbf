import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One-time codes and the calls that dialled them. What they prove becomes an event; they themselves run out. */
export class CreateVerifications1764000075000 implements MigrationInterface {
  name = 'CreateVerifications1764000075000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table verification_codes (
        id uuid not null constraint verification_codes_pk primary key,
        organization_id uuid not null,
        trunk_id uuid not null,
        -- Keyed: a reader of the table cannot search for the code.
        code_hash bytea not null constraint verification_codes_hash unique,
        -- The address that the call shall come from; null: any that the trunk claims.
        address inet,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz,
        used_by uuid
      )`);
    await runner.query(
      'create index verification_codes_of_trunk on verification_codes (organization_id, trunk_id, created_at)',
    );
    await runner.query('create index verification_codes_age on verification_codes (expires_at)');
    await runner.query(`
      create table verification_arrivals (
        position bigint generated always as identity constraint verification_arrivals_pk primary key,
        code_id uuid not null constraint verification_arrivals_code references verification_codes (id) on delete
          cascade,
        at timestamptz not null default now(),
        call_id uuid not null,
        phase text not null,
        details jsonb not null
      )`);
    await runner.query('create index verification_arrivals_of_code on verification_arrivals (code_id, position)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table verification_arrivals');
    await runner.query('drop table verification_codes');
  }
}
