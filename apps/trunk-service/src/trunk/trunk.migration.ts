import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTrunks1764000020000 implements MigrationInterface {
  name = 'CreateTrunks1764000020000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table trunks (
        id uuid primary key,
        organization_id uuid not null constraint trunks_organization references organizations (id),
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
    await runner.query('create index trunks_list on trunks (organization_id, priority, name_key, id)');
    // The leader's question: which registering trunks live on this bridge, or on none?
    await runner.query('create index trunks_placed on trunks (bridge_id) where enabled and register');
    await runner.query('create index trunks_unplaced on trunks (bridge_pool) where enabled and register and bridge_id is null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table trunks');
  }
}
