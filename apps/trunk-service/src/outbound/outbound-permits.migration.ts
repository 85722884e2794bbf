import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Attempts over trunks with limits that wait to be dialled, or use a channel. */
export class CreateOutboundPermits1764000110000 implements MigrationInterface {
  name = 'CreateOutboundPermits1764000110000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table outbound_permits (
        call_id uuid not null,
        attempt int not null,
        trunk_id uuid not null,
        since timestamptz not null,
        asked_at timestamptz not null,
        granted_at timestamptz,
        released_at timestamptz,
        constraint outbound_permits_pk primary key (call_id, attempt)
      )`);
    await runner.query('create index outbound_permits_trunk on outbound_permits (trunk_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table outbound_permits');
  }
}
