import type { MigrationInterface, QueryRunner } from 'typeorm';

/** No request reads the events of an organisation since the call log has a row for each call. */
export class CallsIndex1797800000000 implements MigrationInterface {
  name = 'CallsIndex1797800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX calls_of_organization');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX calls_of_organization ON calls (organization_id, "time")');
  }
}
