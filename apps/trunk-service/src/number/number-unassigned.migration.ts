import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Few numbers have no trunk, or nobody who takes their calls: they are found without reading all the others. */
export class IndexUnassignedNumbers1764000202000 implements MigrationInterface {
  name = 'IndexUnassignedNumbers1764000202000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create index numbers_without_trunk on numbers (organization_id, phone_number) where sip_trunk_id is null',
    );
    await runner.query(
      'create index numbers_without_target on numbers (organization_id, phone_number) where target_kind is null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index numbers_without_trunk, numbers_without_target');
  }
}
