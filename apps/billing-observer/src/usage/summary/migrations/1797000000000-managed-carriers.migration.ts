import type { MigrationInterface, QueryRunner } from 'typeorm';
import { countAll } from '../recount.pg.js';

const KEY = 'organization_id, dimension, day, key, currency';

/** Calls over carriers of the platform are entries of their own kind, with sums of their own. */
export class ManagedCarriers1797000000000 implements MigrationInterface {
  name = 'ManagedCarriers1797000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE ledger_entries DROP CONSTRAINT carrier_cost_is_external');
    // No amount of a carrier may ever stand here, whatever writes it, and nothing is charged for a managed call.
    await runner.query(`
      ALTER TABLE ledger_entries ADD CONSTRAINT carrier_cost_is_no_amount CHECK (carrier_cost IN ('external',
        'managed') AND (carrier_cost = 'external' OR currency IS NULL))`);
    await runner.query("ALTER TABLE usage_days ADD COLUMN carrier_cost text NOT NULL DEFAULT 'external'");
    await runner.query('ALTER TABLE usage_days DROP CONSTRAINT usage_days_pkey');
    await runner.query(`ALTER TABLE usage_days ADD PRIMARY KEY (${KEY}, carrier_cost)`);
    const counted: unknown[] = await runner.query('SELECT FROM usage_days LIMIT 1');
    if (counted.length === 0) await countAll(runner.manager);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM usage_days WHERE carrier_cost <> 'external'");
    await runner.query('ALTER TABLE usage_days DROP CONSTRAINT usage_days_pkey');
    await runner.query('ALTER TABLE usage_days DROP COLUMN carrier_cost');
    await runner.query(`ALTER TABLE usage_days ADD PRIMARY KEY (${KEY})`);
    await runner.query('ALTER TABLE ledger_entries DROP CONSTRAINT carrier_cost_is_no_amount');
    // NOT VALID: entries of managed calls stay.
    await runner.query(`
      ALTER TABLE ledger_entries ADD CONSTRAINT carrier_cost_is_external CHECK (carrier_cost = 'external') NOT VALID`);
  }
}
