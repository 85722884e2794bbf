import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CallLog1795500000000 implements MigrationInterface {
  name = 'CallLog1795500000000';

  async up(runner: QueryRunner): Promise<void> {
    // A read model of `calls`: one row a call. `summary` is what is answered, as text and not jsonb for the same reason
    // as `calls.envelope`; the columns are what is searched. The space that is left in a page takes the row again when
    // the call is answered and ends.
    await runner.query(`
      CREATE TABLE call_log (
        call_id uuid NOT NULL,
        organization_id uuid,
        started_at timestamptz NOT NULL,
        status text NOT NULL,
        direction text NOT NULL,
        customer_phone text COLLATE "C" NOT NULL,
        assistant_id bigint,
        flow_id bigint,
        trunk_id uuid,
        number_id uuid,
        duration_ms bigint,
        summary text NOT NULL,
        told_by text NOT NULL
      ) WITH (fillfactor = 50)`);
    await runner.query(
      `CREATE UNIQUE INDEX call_log_call ON call_log (call_id, (coalesce(organization_id,
        '00000000-0000-0000-0000-000000000000')))`,
    );
    // Covers every column that requests filter by, so that a distant page, a rare status and the total need only the
    // index: the table has each row in a different page.
    await runner.query(`CREATE INDEX call_log_of_organization ON call_log (organization_id, started_at DESC, call_id)
      INCLUDE (status, direction, duration_ms, assistant_id, flow_id, trunk_id, number_id)`);
    await runner.query(
      'CREATE INDEX call_log_of_customer ON call_log (organization_id, customer_phone, started_at DESC, call_id)',
    );
    await runner.query(
      'CREATE INDEX call_log_of_assistant ON call_log (organization_id, assistant_id, started_at DESC, call_id) ' +
        'WHERE assistant_id IS NOT NULL',
    );
    // How far the calls from before this table are in it (filling.process.ts).
    await runner.query(
      'CREATE TABLE call_log_filling (one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row), through uuid, ' +
        'complete boolean NOT NULL)',
    );
    await runner.query('INSERT INTO call_log_filling (complete) SELECT NOT EXISTS (SELECT FROM calls)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE call_log_filling, call_log');
  }
}
