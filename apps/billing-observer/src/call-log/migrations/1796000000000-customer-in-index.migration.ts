import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Part of a customer's number is looked for in the index of the list, without reading a row of each call. */
export class CustomerInIndex1796000000000 implements MigrationInterface {
  name = 'CustomerInIndex1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    await replaceIndex(runner, `${FILTERS}, customer_phone`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await replaceIndex(runner, FILTERS);
  }
}

const FILTERS = 'status, direction, duration_ms, assistant_id, flow_id, trunk_id, number_id';

async function replaceIndex(runner: QueryRunner, included: string): Promise<void> {
  await runner.query('DROP INDEX call_log_of_organization');
  await runner.query(`CREATE INDEX call_log_of_organization ON call_log (organization_id, started_at DESC, call_id)
    INCLUDE (${included})`);
}
