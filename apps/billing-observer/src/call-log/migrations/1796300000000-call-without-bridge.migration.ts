import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An outbound call may be refused before a bridge has it. */
export class CallWithoutBridge1796300000000 implements MigrationInterface {
  name = 'CallWithoutBridge1796300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE calls ALTER COLUMN bridge_id DROP NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM calls WHERE bridge_id IS NULL');
    await runner.query('ALTER TABLE calls ALTER COLUMN bridge_id SET NOT NULL');
  }
}
