import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AlertSetbacks1798800000000 implements MigrationInterface {
  name = 'AlertSetbacks1798800000000';

  async up(runner: QueryRunner): Promise<void> {
    // Organisations that failed to evaluate: their entries after `since_entry` are still to be evaluated.
    await runner.query(`
      CREATE TABLE alert_setbacks (
        organization_id uuid PRIMARY KEY,
        since_entry bigint NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        retry_at timestamptz NOT NULL,
        reason text
      )`);
    await runner.query(
      `INSERT INTO alert_setbacks (organization_id, since_entry, retry_at)
       SELECT unnest(left_out), 0, '-infinity'::timestamptz FROM alert_progress`,
    );
    await runner.query('ALTER TABLE alert_progress DROP COLUMN left_out');
    // Alerts that could not be published.
    await runner.query(
      'ALTER TABLE usage_alerts ADD COLUMN attempts int NOT NULL DEFAULT 0, ADD COLUMN retry_at timestamptz',
    );
    await runner.query('DROP INDEX usage_alerts_outbox');
    await runner.query(
      'CREATE INDEX usage_alerts_outbox ON usage_alerts (attempts, alert_id) WHERE published_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE alert_progress ADD COLUMN left_out uuid[] NOT NULL DEFAULT '{}'`);
    await runner.query('UPDATE alert_progress SET left_out = ARRAY(SELECT organization_id FROM alert_setbacks)');
    await runner.query('DROP INDEX usage_alerts_outbox');
    await runner.query('CREATE INDEX usage_alerts_outbox ON usage_alerts (alert_id) WHERE published_at IS NULL');
    await runner.query('ALTER TABLE usage_alerts DROP COLUMN attempts, DROP COLUMN retry_at');
    await runner.query('DROP TABLE alert_setbacks');
  }
}
