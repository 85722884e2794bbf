import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNotifications1764000140000 implements MigrationInterface {
  name = 'CreateNotifications1764000140000';

  async up(runner: QueryRunner): Promise<void> {
    // `sealed`: the URL and the signing secret, encrypted; null: e-mail. Settings have no events: this is their record.
    await runner.query(`
      create table notification_channels (
        id uuid constraint notification_channels_pkey primary key,
        organization_id uuid not null,
        name text not null,
        name_key text not null,
        kind text not null,
        enabled boolean not null,
        host text,
        recipients jsonb,
        has_signing_secret boolean not null,
        sealed text,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint notification_channels_name unique (organization_id, name_key)
      )`);
    await runner.query(`
      create table notification_rules (
        id uuid constraint notification_rules_pkey primary key,
        organization_id uuid not null,
        name text not null,
        name_key text not null,
        kind text not null,
        condition jsonb not null,
        channel_ids uuid[] not null,
        enabled boolean not null,
        messages_per_hour int not null,
        suppressed int not null default 0,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint notification_rules_name unique (organization_id, name_key)
      )`);
    await this.makeWork(runner);
  }

  private async makeWork(runner: QueryRunner): Promise<void> {
    // Where the conditions of rules hold now.
    await runner.query(`
      create table notification_alarms (
        rule_id uuid not null references notification_rules on delete cascade,
        subject text collate "C" not null,
        trunk_id uuid,
        since timestamptz not null,
        summary text not null,
        details jsonb not null,
        notified boolean not null,
        constraint notification_alarms_pkey primary key (rule_id, subject)
      )`);
    // Failures in a row and the latest scores, of a trunk or (subject 'organization') of the assistants.
    await runner.query(`
      create table notification_counters (
        organization_id uuid not null,
        subject text collate "C" not null,
        failed int not null,
        first_failed_at timestamptz,
        mos real[] not null,
        last_at timestamptz not null,
        last_sequence bigint not null,
        constraint notification_counters_pkey primary key (organization_id, subject)
      )`);
    // The outbox. \`source\`: the alert that made the message, so that one that is read twice makes one.
    await runner.query(`
      create table notification_deliveries (
        id uuid constraint notification_deliveries_pkey primary key,
        notification_id uuid not null,
        organization_id uuid not null,
        channel_id uuid not null,
        rule_id uuid,
        begins boolean not null,
        source text,
        message jsonb not null,
        state text collate "C" not null default 'pending' check (state in ('pending', 'delivered', 'given-up')),
        attempts int not null default 0,
        turn int not null default 0,
        last_error text,
        next_at timestamptz,
        created_at timestamptz not null default now(),
        delivered_at timestamptz,
        constraint notification_deliveries_source unique (rule_id, channel_id, source)
      )`);
    await runner.query(
      `create index notification_deliveries_due on notification_deliveries (next_at) where state = 'pending'`,
    );
    await runner.query(
      'create index notification_deliveries_of_organization on notification_deliveries (organization_id, id desc)',
    );
    await runner.query(
      'create index notification_deliveries_of_rule on notification_deliveries (rule_id, created_at) where begins',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['deliveries', 'counters', 'alarms', 'rules', 'channels'])
      await runner.query(`drop table notification_${table}`);
  }
}
