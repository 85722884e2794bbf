import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRefusedClaims1764000180000 implements MigrationInterface {
  name = 'AddRefusedClaims1764000180000';

  async up(runner: QueryRunner): Promise<void> {
    // `users`: what may name a trunk; calls that claim different trunks are never one row. `known_by`: why a row is its
    // organisation's. Invites: without credentials, text of at most 4,096 characters.
    await runner.query(`
      alter table refused_calls
        add users text collate "C" not null default '',
        add trunk_id uuid,
        add known_by text collate "C",
        add first_invite jsonb,
        add last_invite jsonb,
        drop constraint refused_calls_row,
        add constraint refused_calls_row
          unique (bridge_id, minute, source_address, called, numbers, users, reason, sip_status)`);
    await runner.query(`update refused_calls set known_by = 'called-number' where organization_id is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`delete from refused_calls where users <> ''`);
    await runner.query(`
      alter table refused_calls drop constraint refused_calls_row,
        add constraint refused_calls_row
          unique (bridge_id, minute, source_address, called, numbers, reason, sip_status),
        drop users, drop trunk_id, drop known_by, drop first_invite, drop last_invite`);
  }
}
