import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One that cannot be published does not hold up those after it. */
export class AddRefusalRetries1764000206000 implements MigrationInterface {
  name = 'AddRefusalRetries1764000206000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table outbound_refusals
        -- Not published before this time; later after each failure. While published_at is null.
        add column publish_at timestamptz not null default now()`);
    await runner.query('drop index outbound_refusals_unpublished');
    await runner.query(
      'create index outbound_refusals_unpublished on outbound_refusals (publish_at) where published_at is null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table outbound_refusals drop column publish_at');
    await runner.query(
      'create index outbound_refusals_unpublished on outbound_refusals (created_at) where published_at is null',
    );
  }
}
