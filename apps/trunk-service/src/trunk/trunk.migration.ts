import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTrunks1764000020000 implements MigrationInterface {
  name = 'CreateTrunks1764000020000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table trunks (
        id uuid primary key,
        -- No foreign key: organisations are never deleted, and every creation would lock the one row of its
        -- organisation.
        organization_id uuid not null,
        name_key text collate "C" not null,
        priority int not null,
        enabled boolean not null,
        register boolean not null,
        bridge_pool text not null,
        bridge_id text,
        version int not null,
        state jsonb not null,
        -- Checked at the end of a statement, not row by row, so that one request can swap two names.
        constraint trunks_name unique (organization_id, name_key) deferrable initially immediate,
        -- What a number's foreign key refers to: a trunk of the number's own organisation.
        constraint trunks_of_organization unique (organization_id, id)
      )`);
    // The leader's question: which registering trunks live on this bridge, or on none of a pool?
    await runner.query('create index trunks_placed on trunks (bridge_id, bridge_pool) where enabled and register');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table trunks');
  }
}
