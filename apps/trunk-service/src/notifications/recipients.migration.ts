import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRecipients1764000190000 implements MigrationInterface {
  name = 'CreateRecipients1764000190000';

  async up(runner: QueryRunner): Promise<void> {
    // Who has confirmed that an organisation's e-mails may come. `wants_code`: a code is to be sent as soon as the
    // limits allow it. Nobody of before is taken as confirmed: a code is sent before the next message.
    await runner.query(`
      create table notification_recipients (
        organization_id uuid not null,
        address text collate "C" not null,
        wants_code boolean not null,
        code_hash text,
        code_sent_at timestamptz,
        tries int not null default 0,
        confirmed_at timestamptz,
        created_at timestamptz not null default now(),
        constraint notification_recipients_pkey primary key (organization_id, address)
      )`);
    await runner.query(
      'create index notification_recipients_waiting on notification_recipients (created_at) where wants_code',
    );
    await runner.query('create index notification_recipients_by_address on notification_recipients (address)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table notification_recipients');
  }
}
