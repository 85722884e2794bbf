import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What carriers charge, for estimates. */
export class RateDecks1797200000000 implements MigrationInterface {
  name = 'RateDecks1797200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE rate_decks (
        organization_id uuid NOT NULL,
        trunk_id uuid NOT NULL,
        currency text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, trunk_id)
      )`);
    const terms = `
        direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
        prefix text COLLATE "C" NOT NULL,
        effective_from timestamptz NOT NULL,
        rate_micros bigint NOT NULL CHECK (rate_micros >= 0),
        increments text NOT NULL,
        minimum_seconds integer NOT NULL`;
    await runner.query(`
      CREATE TABLE deck_rates (
        organization_id uuid NOT NULL,
        trunk_id uuid NOT NULL,${terms},
        PRIMARY KEY (organization_id, trunk_id, direction, prefix, effective_from),
        FOREIGN KEY (organization_id, trunk_id) REFERENCES rate_decks ON DELETE CASCADE
      )`);
    // What arrived of an import that is not committed yet.
    await runner.query(`
      CREATE TABLE deck_import_rates (
        organization_id uuid NOT NULL,
        import_id uuid NOT NULL,${terms},
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, import_id, direction, prefix, effective_from)
      )`);
    await runner.query('CREATE INDEX deck_imports_by_age ON deck_import_rates (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deck_import_rates, deck_rates, rate_decks');
  }
}
