import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddUnsubscriptions1764000210000 implements MigrationInterface {
  name = 'AddUnsubscriptions1764000210000';

  async up(runner: QueryRunner): Promise<void> {
    // `unsubscribe_token`: 244 random bits, which are in the links of every e-mail to the recipient.
    await runner.query(`
      alter table notification_recipients
        add column unsubscribed_at timestamptz,
        add column unsubscribe_token text collate "C" not null
          default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')`);
    await runner.query(
      'create unique index notification_recipients_token on notification_recipients (unsubscribe_token)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table notification_recipients drop column unsubscribe_token, drop column unsubscribed_at',
    );
  }
}
