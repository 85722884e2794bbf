import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Few numbers are inactive: they are found and counted without reading all the others. */
export class IndexInactiveNumbers1764000195000 implements MigrationInterface {
  name = 'IndexInactiveNumbers1764000195000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index numbers_inactive on numbers (organization_id, phone_number) where not is_active');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index numbers_inactive');
  }
}
