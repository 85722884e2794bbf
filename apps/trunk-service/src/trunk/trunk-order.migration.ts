import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The order of the list, with what it is filtered by: without it each page sorts all trunks of the organisation, and
 * counting them reads their settings.
 */
export class CreateTrunkOrder1764000191000 implements MigrationInterface {
  name = 'CreateTrunkOrder1764000191000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create index trunks_in_order on trunks (organization_id, priority, name_key)
      include (id, enabled, register, bridge_pool)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index trunks_in_order');
  }
}
