import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Statements1797200000000 implements MigrationInterface {
  name = 'Statements1797200000000';

  async up(runner: QueryRunner): Promise<void> {
    // A closed month. Its entries are those of its time up to "through_entry", and those of earlier months after the
    // "through_entry" of the statement before.
    await runner.query(`
      CREATE TABLE usage_statements (
        organization_id uuid NOT NULL,
        month text NOT NULL,
        number text NOT NULL,
        begins timestamptz NOT NULL,
        ends timestamptz NOT NULL,
        through_entry bigint NOT NULL,
        closed_at timestamptz NOT NULL,
        statement text NOT NULL,
        PRIMARY KEY (organization_id, month)
      )`);
    await runner.query(`
      CREATE FUNCTION refuse_statement_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'a closed statement is never changed or deleted: corrections go into the next one'
          USING ERRCODE = 'restrict_violation';
      END $$`);
    await runner.query(`
      CREATE TRIGGER statements_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON usage_statements FOR EACH STATEMENT
        EXECUTE FUNCTION refuse_statement_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage_statements');
    await runner.query('DROP FUNCTION refuse_statement_change');
  }
}
