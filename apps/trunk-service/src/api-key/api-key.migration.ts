import type { MigrationInterface, QueryRunner } from 'typeorm';

/** No read model: keys have no events, this table is their record. */
export class CreateApiKeys1764000030000 implements MigrationInterface {
  name = 'CreateApiKeys1764000030000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table api_keys (
        id uuid primary key,
        organization_id uuid not null,
        -- The public part of the key, by which it is found.
        lookup text collate "C" not null constraint api_keys_lookup unique,
        -- SHA-256 of the whole key. It has 256 random bits, so there is nothing to guess that a slow hash would have
        -- to slow down.
        hash bytea not null,
        name text not null,
        role text not null check (role in ('admin', 'member', 'publisher')),
        created_at timestamptz not null,
        last_used_at timestamptz,
        revoked_at timestamptz
      )`);
    await runner.query('create index api_keys_of_organization on api_keys (organization_id, created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table api_keys');
  }
}
