import type { MigrationInterface, QueryRunner } from 'typeorm';

/** No read model: sessions have no events, this table is their record. */
export class CreateSessions1764000125000 implements MigrationInterface {
  name = 'CreateSessions1764000125000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table sessions (
        -- SHA-256 of the token, which has 256 random bits.
        hash bytea primary key,
        -- Null: the bootstrap key's.
        key_id uuid,
        bootstrap bytea,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        check ((key_id is null) <> (bootstrap is null))
      )`);
    await runner.query('create index sessions_of_key on sessions (key_id, created_at)');
    await runner.query('create index sessions_expiry on sessions (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sessions');
  }
}
