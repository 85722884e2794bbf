import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNumbers1764000025000 implements MigrationInterface {
  name = 'CreateNumbers1764000025000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table numbers (
        id uuid not null constraint numbers_id unique,
        -- No foreign key: organisations are never deleted, and the check would cost a third of a large import.
        organization_id uuid not null,
        phone_number text collate "C" not null constraint numbers_phone_number unique,
        -- Both columns, so that a number can only have a trunk of its own organisation. PostgreSQL locks the trunk's
        -- row for the check: a trunk cannot be deleted meanwhile.
        sip_trunk_id uuid,
        target_kind text,
        target_id bigint,
        is_active boolean not null,
        version int not null,
        state jsonb not null,
        -- The entity's identity: a number that is removed and added again has a new id, and the same subject.
        constraint numbers_pk primary key (organization_id, phone_number),
        constraint numbers_trunk foreign key (organization_id, sip_trunk_id) references trunks (organization_id, id)
      )`);
    await runner.query(
      'create index numbers_of_trunk on numbers (organization_id, sip_trunk_id, phone_number) where ' +
        'sip_trunk_id is not null',
    );
    await runner.query(
      'create index numbers_of_target on numbers (organization_id, target_kind, target_id, phone_number) where ' +
        'target_id is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table numbers');
  }
}
