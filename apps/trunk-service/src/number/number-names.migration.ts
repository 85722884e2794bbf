import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A list of calls shows what its assistants and flows are called (calls/target-names.pg.ts): without this index a name
 * that no number has is looked for in every number of the assistant.
 */
export class IndexTargetNames1764000203000 implements MigrationInterface {
  name = 'IndexTargetNames1764000203000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create index numbers_naming_target on numbers (organization_id, target_kind, target_id,
      phone_number) where state->'target'->>'name' is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index numbers_naming_target');
  }
}
