import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePlainChanges1764000150000 implements MigrationInterface {
  name = 'CreatePlainChanges1764000150000';

  async up(runner: QueryRunner): Promise<void> {
    // Changes of what has no events: API keys, and the settings of notifications. Nothing in it is secret.
    await runner.query(`
      create table plain_changes (
        position bigint generated always as identity constraint plain_changes_pkey primary key,
        id uuid not null default gen_random_uuid(),
        organization_id uuid not null,
        time timestamptz not null default clock_timestamp(),
        kind text collate "C" not null,
        entity_id uuid not null,
        name text not null,
        type text collate "C" not null,
        actor text not null,
        actoraddress text,
        before jsonb,
        after jsonb
      )`);
    await runner.query(
      'create index plain_changes_of_organization on plain_changes (organization_id, time desc, position desc)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table plain_changes');
  }
}
