import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRefusedCalls1764000090000 implements MigrationInterface {
  name = 'CreateRefusedCalls1764000090000';

  async up(runner: QueryRunner): Promise<void> {
    // No read model: the stream that it is filled from forgets. `organization_id` is of the time of the refusal;
    // `number` is which of `numbers` it was found by.
    await runner.query(`
      create table refused_calls (
        id bigint generated always as identity primary key,
        bridge_id text collate "C" not null,
        minute timestamptz not null,
        source_address text collate "C" not null,
        called text collate "C" not null,
        numbers text collate "C" not null,
        reason text collate "C" not null,
        sip_status int not null,
        number text collate "C",
        organization_id uuid,
        detail text,
        count int not null check (count > 0),
        first_at timestamptz not null,
        last_at timestamptz not null,
        constraint refused_calls_row unique (bridge_id, minute, source_address, called, numbers, reason, sip_status)
      )`);
    await runner.query(
      'create index refused_calls_of_organization on refused_calls (organization_id, minute desc, id desc)',
    );
    await runner.query('create index refused_calls_age on refused_calls (minute, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table refused_calls');
  }
}
