import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIdempotencyKeys1764000040000 implements MigrationInterface {
  name = 'CreateIdempotencyKeys1764000040000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table idempotency_keys (
        organization_id uuid not null,
        key text collate "C" not null,
        fingerprint bytea not null,
        status int not null,
        headers jsonb not null,
        body text not null,
        created_at timestamptz not null,
        constraint idempotency_keys_pk primary key (organization_id, key)
      )`);
    await runner.query('create index idempotency_keys_age on idempotency_keys (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_keys');
  }
}
