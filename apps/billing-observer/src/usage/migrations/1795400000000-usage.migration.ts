import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Usage1795400000000 implements MigrationInterface {
  name = 'Usage1795400000000';

  async up(runner: QueryRunner): Promise<void> {
    // The call log. `envelope` is text, not jsonb: a caller's header may hold an escaped U+0000, which jsonb refuses.
    await runner.query(`
      CREATE TABLE calls (
        event_id uuid PRIMARY KEY,
        call_id uuid NOT NULL,
        organization_id uuid,
        bridge_id text NOT NULL,
        type text NOT NULL,
        "time" timestamptz NOT NULL,
        bridge_epoch uuid,
        record_number bigint CHECK (record_number > 0),
        envelope text NOT NULL,
        logged_at timestamptz NOT NULL,
        CHECK ((bridge_epoch IS NULL) = (record_number IS NULL)),
        CONSTRAINT calls_record_number UNIQUE (bridge_id, bridge_epoch, record_number)
      )`);
    await runner.query('CREATE INDEX calls_of_call ON calls (call_id, "time")');
    await runner.query('CREATE INDEX calls_of_organization ON calls (organization_id, "time")');
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
        -- The carrier's bill is the customer's own: no other value may ever stand here, whatever writes it.
        carrier_cost text NOT NULL DEFAULT 'external' CONSTRAINT carrier_cost_is_external CHECK (carrier_cost =
          'external'),
        recorded_at timestamptz NOT NULL,
        CONSTRAINT usage_record_number UNIQUE (bridge_id, bridge_epoch, record_number)
      )`);
    await runner.query('CREATE INDEX usage_of_organization ON usage_records (organization_id, started_at)');
    await runner.query(`
      CREATE TABLE bridge_progress (
        bridge_id text NOT NULL,
        bridge_epoch uuid NOT NULL,
        highest bigint NOT NULL,
        -- [[from, to], …]: the numbers below "highest" that have not come.
        missing jsonb NOT NULL,
        latest_time timestamptz NOT NULL,
        PRIMARY KEY (bridge_id, bridge_epoch)
      )`);
    await runner.query(`
      CREATE TABLE unreadable (
        stream_sequence bigint NOT NULL,
        digest text NOT NULL,
        subject text NOT NULL,
        reason text NOT NULL,
        payload bytea NOT NULL,
        kept_at timestamptz NOT NULL,
        PRIMARY KEY (stream_sequence, digest)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE unreadable, bridge_progress, usage_records, calls');
  }
}
