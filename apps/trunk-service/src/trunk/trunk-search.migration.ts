import type { MigrationInterface, QueryRunner } from 'typeorm';
import { indexSearched } from '../event-store/searched.pg.js';

/** What is searched for a part of it. A query finds the index by exactly this text. */
export const SEARCHED_TRUNK =
  "(name_key || ' ' || lower(coalesce(state->>'gateway', '')) || ' ' || lower(coalesce(state->>'username', '')) || " +
  "' ' || lower(coalesce(state->>'provider', '')))";

export class IndexTrunkSearch1764000201000 implements MigrationInterface {
  name = 'IndexTrunkSearch1764000201000';

  async up(runner: QueryRunner): Promise<void> {
    await indexSearched(runner, 'trunks', SEARCHED_TRUNK);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index if exists trunks_searched');
  }
}
