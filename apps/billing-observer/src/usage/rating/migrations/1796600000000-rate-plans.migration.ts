import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RatePlans1796600000000 implements MigrationInterface {
  name = 'RatePlans1796600000000';

  async up(runner: QueryRunner): Promise<void> {
    // What the events of the rate plans say; `plan` is null after the removal. `unsettled`: calls that the ledger has
    // already may be charged otherwise, and are still to be corrected.
    await runner.query(`
      CREATE TABLE rate_plans (
        organization_id uuid NOT NULL,
        effective_from timestamptz NOT NULL,
        version bigint NOT NULL,
        plan text,
        unsettled boolean NOT NULL,
        PRIMARY KEY (organization_id, effective_from)
      )`);
    await runner.query('CREATE INDEX rate_plans_unsettled ON rate_plans (effective_from) WHERE unsettled');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rate_plans');
  }
}
