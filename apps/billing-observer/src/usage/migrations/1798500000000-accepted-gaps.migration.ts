import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AcceptedGaps1798500000000 implements MigrationInterface {
  name = 'AcceptedGaps1798500000000';

  async up(runner: QueryRunner): Promise<void> {
    // Records of which an operator has said that they are lost for good: "first" to "last", both in it.
    await runner.query(`
      CREATE TABLE accepted_gaps (
        acceptance_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        bridge_id text NOT NULL,
        bridge_epoch uuid NOT NULL,
        first bigint NOT NULL CHECK (first > 0),
        last bigint NOT NULL CHECK (last >= first),
        reason text NOT NULL,
        accepted_by text NOT NULL,
        accepted_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX accepted_gaps_of_bridge ON accepted_gaps (bridge_id, bridge_epoch)');
    await runner.query(`
      CREATE FUNCTION refuse_acceptance_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'an accepted gap is never changed or deleted' USING ERRCODE = 'restrict_violation';
      END $$`);
    await runner.query(`
      CREATE TRIGGER acceptances_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON accepted_gaps FOR EACH STATEMENT
        EXECUTE FUNCTION refuse_acceptance_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE accepted_gaps');
    await runner.query('DROP FUNCTION refuse_acceptance_change');
  }
}
