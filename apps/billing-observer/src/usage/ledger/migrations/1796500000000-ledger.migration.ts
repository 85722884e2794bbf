import type { MigrationInterface, QueryRunner } from 'typeorm';
import { countryOf } from '../country.js';

const RECORDS_AT_ONCE = 5_000;

/** The usage records become the first entries of a ledger that the database itself keeps from changing. */
export class Ledger1796500000000 implements MigrationInterface {
  name = 'Ledger1796500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SEQUENCE ledger_entry_id');
    await runner.query(`
      CREATE TABLE ledger_entries (
        entry_id bigint NOT NULL DEFAULT nextval('ledger_entry_id'),
        -- A correction of an entry is two: one that takes it back ("reversal", with negative measures), and one that
        -- says what is right ("correction"). Both name it in "corrects".
        kind text NOT NULL CHECK (kind IN ('call', 'reversal', 'correction')),
        corrects bigint,
        reason text,
        call_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        trunk_id uuid,
        number_id uuid,
        bridge_id text NOT NULL,
        bridge_epoch uuid NOT NULL,
        record_number bigint NOT NULL CHECK (record_number > 0),
        direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
        from_number text NOT NULL,
        to_number text NOT NULL,
        country text,
        started_at timestamptz NOT NULL,
        answered_at timestamptz,
        ended_at timestamptz NOT NULL,
        billable_ms bigint NOT NULL,
        billable_seconds bigint NOT NULL,
        hangup_cause text NOT NULL,
        sip_status integer,
        estimated boolean NOT NULL,
        -- The carrier's bill is the customer's own: no other value may ever stand here, whatever writes it.
        carrier_cost text NOT NULL DEFAULT 'external' CONSTRAINT carrier_cost_is_external CHECK (carrier_cost =
          'external'),
        plan_from timestamptz,
        currency text,
        rate_micros bigint,
        charged_seconds bigint NOT NULL,
        amount_micros bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (entry_id, started_at),
        CHECK ((kind = 'call') = (corrects IS NULL) AND (kind = 'call') = (reason IS NULL)),
        CHECK (CASE WHEN kind = 'reversal' THEN least(-billable_ms, -billable_seconds, -charged_seconds,
          -amount_micros) ELSE least(billable_ms, billable_seconds, charged_seconds, amount_micros) END >= 0),
        CHECK ((currency IS NULL) = (plan_from IS NULL) AND (currency IS NOT NULL OR amount_micros = 0))
      ) PARTITION BY RANGE (started_at)`);
    await runner.query(
      'CREATE INDEX ledger_of_organization ON ledger_entries (organization_id, started_at DESC, entry_id DESC)',
    );
    // Which entry of a call counts now. Not a part of the ledger: it can be made again from it.
    await runner.query(`
      CREATE TABLE ledger_calls (
        call_id uuid PRIMARY KEY,
        entry_id bigint NOT NULL,
        started_at timestamptz NOT NULL,
        estimated boolean NOT NULL
      )`);
    await this.refuseChanges(runner);
    await this.makePartitions(runner);
    await this.takeRecords(runner);
    await runner.query('DROP TABLE usage_records');
  }

  private async refuseChanges(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'an entry of the ledger is never changed or deleted: write a correction'
          USING ERRCODE = 'restrict_violation';
      END $$`);
    // Every partition gets the row trigger as well; the one against TRUNCATE is made with each partition.
    await runner.query(`
      CREATE TRIGGER entries_are_final BEFORE UPDATE OR DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION
        refuse_ledger_change()`);
    await runner.query(`
      CREATE TRIGGER entries_stay BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION
        refuse_ledger_change()`);
  }

  private async makePartitions(runner: QueryRunner): Promise<void> {
    // A row for a month without a partition is in the default partition and not lost.
    await runner.query('CREATE TABLE ledger_entries_other PARTITION OF ledger_entries DEFAULT');
    await runner.query(`
      CREATE TRIGGER entries_stay BEFORE TRUNCATE ON ledger_entries_other FOR EACH STATEMENT EXECUTE FUNCTION
        refuse_ledger_change()`);
    await runner.query(`
      CREATE FUNCTION ledger_month(month date) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE
        partition text := 'ledger_entries_' || to_char(month, 'YYYY_MM');
      BEGIN
        PERFORM pg_advisory_xact_lock(7102003);
        IF to_regclass(partition) IS NOT NULL THEN
          RETURN;
        END IF;
        EXECUTE format('CREATE TABLE %I PARTITION OF ledger_entries FOR VALUES FROM (%L) TO (%L)', partition,
          to_char(month, 'YYYY-MM-01 00:00:00+00'), to_char(month + interval '1 month', 'YYYY-MM-01 00:00:00+00'));
        EXECUTE format('CREATE TRIGGER entries_stay BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION '
          'refuse_ledger_change()', partition);
      END $$`);
    await runner.query(
      "SELECT ledger_month(month) FROM (SELECT DISTINCT date_trunc('month', started_at AT TIME ZONE 'UTC')::date AS " +
        "month FROM usage_records WHERE started_at >= '2000-01-01T00:00:00Z') AS months",
    );
  }

  private async takeRecords(runner: QueryRunner): Promise<void> {
    for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
      const records = (await runner.query(
        'SELECT call_id, CASE direction WHEN $2 THEN from_number ELSE to_number END AS party FROM usage_records ' +
          'WHERE call_id > $1 ORDER BY call_id LIMIT $3',
        [after, 'inbound', RECORDS_AT_ONCE],
      )) as { call_id: string; party: string }[];
      if (records.length === 0) return;
      after = records.at(-1)!.call_id;
      await runner.query(TAKE, [records.map(({ call_id }) => call_id), records.map(({ party }) => countryOf(party))]);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE usage_records (
        call_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        trunk_id uuid,
        number_id uuid,
        bridge_id text NOT NULL,
        bridge_epoch uuid NOT NULL,
        record_number bigint NOT NULL CHECK (record_number > 0),
        direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
        from_number text NOT NULL,
        to_number text NOT NULL,
        started_at timestamptz NOT NULL,
        answered_at timestamptz,
        ended_at timestamptz NOT NULL,
        billable_ms bigint NOT NULL CHECK (billable_ms >= 0),
        hangup_cause text NOT NULL,
        sip_status integer,
        carrier_cost text NOT NULL DEFAULT 'external' CONSTRAINT carrier_cost_is_external CHECK (carrier_cost =
          'external'),
        recorded_at timestamptz NOT NULL,
        CONSTRAINT usage_record_number UNIQUE (bridge_id, bridge_epoch, record_number)
      )`);
    await runner.query('CREATE INDEX usage_of_organization ON usage_records (organization_id, started_at)');
    await runner.query(`
      INSERT INTO usage_records SELECT entry.call_id, organization_id, trunk_id, number_id, bridge_id, bridge_epoch,
        record_number, direction, from_number, to_number, entry.started_at, answered_at, ended_at, billable_ms,
        hangup_cause, sip_status, carrier_cost, recorded_at
      FROM ledger_entries AS entry JOIN ledger_calls USING (entry_id, started_at)`);
    await runner.query('DROP TABLE ledger_calls, ledger_entries');
    await runner.query('DROP FUNCTION ledger_month, refuse_ledger_change');
    await runner.query('DROP SEQUENCE ledger_entry_id');
  }
}

/** `estimated` is in the stored event: the usage records did not have it. */
const TAKE = `
  WITH given AS MATERIALIZED (SELECT nextval('ledger_entry_id') AS entry_id, record.*, party.country,
      EXISTS (SELECT FROM calls WHERE calls.call_id = record.call_id AND calls.type = 'CallEnded' AND
        calls.envelope LIKE '%"reconstructed":true%') AS estimated
      FROM unnest($1::uuid[], $2::text[]) AS party (call_id, country) JOIN usage_records AS record USING (call_id)),
    current AS (INSERT INTO ledger_calls SELECT call_id, entry_id, started_at, estimated FROM given)
  INSERT INTO ledger_entries (entry_id, kind, call_id, organization_id, trunk_id, number_id, bridge_id, bridge_epoch,
    record_number, direction, from_number, to_number, country, started_at, answered_at, ended_at, billable_ms,
    billable_seconds, hangup_cause, sip_status, estimated, charged_seconds, amount_micros, recorded_at)
  SELECT entry_id, 'call', call_id, organization_id, trunk_id, number_id, bridge_id, bridge_epoch, record_number,
    direction, from_number, to_number, country, started_at, answered_at, ended_at, billable_ms,
    (billable_ms + 999) / 1000, hangup_cause, sip_status, estimated, 0, 0, recorded_at FROM given`;
