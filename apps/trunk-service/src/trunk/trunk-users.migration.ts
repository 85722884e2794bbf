import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A refused call is shown to the organisation whose trunk has the user name that it gives. */
export class IndexTrunkUsers1764000185000 implements MigrationInterface {
  name = 'IndexTrunkUsers1764000185000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create index trunks_by_user on trunks (lower(state->>'username'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index trunks_by_user');
  }
}
