import type { MigrationInterface, QueryRunner } from 'typeorm';

export class UsageAlerts1797400000000 implements MigrationInterface {
  name = 'UsageAlerts1797400000000';

  async up(runner: QueryRunner): Promise<void> {
    // Sums of the last weeks over the ledger, by the hour (UTC) in which calls began. Made again from it as it grows.
    await runner.query(`
      CREATE TABLE alert_hours (
        organization_id uuid NOT NULL,
        hour timestamptz NOT NULL,
        trunk text NOT NULL,
        direction text NOT NULL,
        currency text NOT NULL,
        calls bigint NOT NULL,
        answered bigint NOT NULL,
        seconds bigint NOT NULL,
        amount_micros bigint NOT NULL,
        PRIMARY KEY (organization_id, hour, trunk, direction, currency)
      )`);
    await runner.query('CREATE INDEX alert_hours_age ON alert_hours (hour)');
    // Countries that an organisation has called before.
    await runner.query(
      'CREATE TABLE alert_countries (organization_id uuid NOT NULL, country text NOT NULL, PRIMARY KEY ' +
        '(organization_id, country))',
    );
    // Each alert once: `key` holds what it is about and its period. The row is its place in the outbox as well.
    await runner.query(`
      CREATE TABLE usage_alerts (
        alert_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        rule text NOT NULL,
        key text NOT NULL,
        event text NOT NULL,
        published_at timestamptz,
        UNIQUE (organization_id, rule, key)
      )`);
    await runner.query('CREATE INDEX usage_alerts_outbox ON usage_alerts (alert_id) WHERE published_at IS NULL');
    await runner.query(`
      CREATE TABLE alert_progress (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        begun boolean NOT NULL DEFAULT false,
        last_entry bigint NOT NULL DEFAULT 0,
        evaluated_at timestamptz
      )`);
    await runner.query('INSERT INTO alert_progress DEFAULT VALUES');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE alert_progress, usage_alerts, alert_countries, alert_hours');
  }
}
