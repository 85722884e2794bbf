import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What stays in the database of months of the ledger that were exported and dropped. */
export class UsageArchives1797600000000 implements MigrationInterface {
  name = 'UsageArchives1797600000000';

  async up(runner: QueryRunner): Promise<void> {
    // A file. A month (UTC) has several parts where entries were written for it after it had been dropped.
    await runner.query(`
      CREATE TABLE usage_archives (
        month text NOT NULL,
        part integer NOT NULL,
        file text NOT NULL,
        sha256 text NOT NULL,
        bytes bigint NOT NULL,
        entries bigint NOT NULL,
        last_entry bigint NOT NULL,
        archived_at timestamptz NOT NULL,
        PRIMARY KEY (month, part)
      )`);
    // What the file's entries have in usage_days, by the days of the time zone that the organisation had then.
    await runner.query(`
      CREATE TABLE usage_archived_days (
        organization_id uuid NOT NULL,
        month text NOT NULL,
        part integer NOT NULL,
        dimension text NOT NULL,
        day date NOT NULL,
        key text NOT NULL,
        currency text NOT NULL,
        carrier_cost text NOT NULL,
        calls bigint NOT NULL,
        answered bigint NOT NULL,
        estimated bigint NOT NULL,
        billable_seconds bigint NOT NULL,
        charged_seconds bigint NOT NULL,
        amount_micros bigint NOT NULL,
        PRIMARY KEY (organization_id, month, part, dimension, day, key, currency, carrier_cost),
        FOREIGN KEY (month, part) REFERENCES usage_archives
      )`);
    // An estimated end of a call may still be corrected, and the correction needs the entry.
    await runner.query('CREATE TABLE usage_archived_estimates (LIKE ledger_entries, PRIMARY KEY (entry_id))');
    await runner.query(`
      CREATE FUNCTION refuse_archive_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'what is kept of an exported month is never changed or deleted'
          USING ERRCODE = 'restrict_violation';
      END $$`);
    for (const table of ['usage_archives', 'usage_archived_days', 'usage_archived_estimates'])
      await runner.query(`
        CREATE TRIGGER archives_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE
          FUNCTION refuse_archive_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage_archived_estimates, usage_archived_days, usage_archives');
    await runner.query('DROP FUNCTION refuse_archive_change');
  }
}
