import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Comparisons of the ledger with carriers' files, and what they found. */
export class Reconciliations1797100000000 implements MigrationInterface {
  name = 'Reconciliations1797100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE reconciliations (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        name text NOT NULL,
        format text NOT NULL,
        trunk_ids uuid[],
        tolerance_seconds integer NOT NULL,
        time_is text NOT NULL CHECK (time_is IN ('start', 'answer', 'end')),
        -- What the file is for, in seconds since 1970; null: from its first call to its last.
        period_from bigint,
        period_to bigint,
        status text NOT NULL CHECK (status IN ('receiving', 'matching', 'done', 'stopped', 'failed', 'deleted')),
        done bigint NOT NULL DEFAULT 0,
        total bigint NOT NULL DEFAULT 0,
        rows bigint NOT NULL DEFAULT 0,
        skipped_rows bigint NOT NULL DEFAULT 0,
        first_at bigint,
        last_at bigint,
        time_shift_seconds integer NOT NULL DEFAULT 0,
        groups jsonb NOT NULL DEFAULT '[]',
        notes jsonb NOT NULL DEFAULT '[]',
        problem text,
        created_at timestamptz NOT NULL DEFAULT now(),
        changed_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        -- The copy of the service that compares, and until when its word holds.
        worker uuid,
        attempts integer NOT NULL DEFAULT 0,
        lease_until timestamptz
      )`);
    await runner.query(
      'CREATE INDEX reconciliations_of_organization ON reconciliations (organization_id, created_at DESC, id DESC)',
    );
    // The file's calls, while they are compared.
    await runner.query(`
      CREATE TABLE carrier_calls (
        reconciliation_id uuid NOT NULL REFERENCES reconciliations (id) ON DELETE CASCADE,
        line integer NOT NULL,
        reference text,
        from_number text NOT NULL,
        to_number text NOT NULL,
        at bigint NOT NULL,
        seconds bigint NOT NULL,
        amount_micros bigint,
        currency text,
        PRIMARY KEY (reconciliation_id, line)
      )`);
    await runner.query(`
      CREATE TABLE carrier_differences (
        difference_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        reconciliation_id uuid NOT NULL REFERENCES reconciliations (id) ON DELETE CASCADE,
        kind text NOT NULL,
        cause text,
        call_id uuid,
        trunk_id uuid,
        from_number text NOT NULL,
        to_number text NOT NULL,
        our_second bigint,
        our_seconds bigint,
        their_line integer,
        their_reference text,
        their_second bigint,
        their_seconds bigint,
        amount_micros bigint,
        currency text
      )`);
    await runner.query(
      'CREATE INDEX differences_of_reconciliation ON carrier_differences (reconciliation_id, difference_id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE carrier_differences, carrier_calls, reconciliations');
  }
}
