import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DiscardedLetters1798600000000 implements MigrationInterface {
  name = 'DiscardedLetters1798600000000';

  async up(runner: QueryRunner): Promise<void> {
    // An operator has said that it is never to be recorded. It stays, so that it is not kept aside once more.
    await runner.query(`
      ALTER TABLE unreadable ADD COLUMN discarded_at timestamptz, ADD COLUMN discarded_by text,
        ADD COLUMN discard_reason text, ADD CONSTRAINT discarded_with_reason CHECK (num_nulls(discarded_at,
        discarded_by, discard_reason) IN (0, 3))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE unreadable DROP COLUMN discarded_at, DROP COLUMN discarded_by, DROP COLUMN discard_reason',
    );
  }
}
