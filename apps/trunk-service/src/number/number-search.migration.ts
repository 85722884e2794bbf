import type { MigrationInterface, QueryRunner } from 'typeorm';
import { indexSearched } from '../event-store/searched.pg.js';

/** What is searched for a part of it. A query finds the index by exactly this text. */
export const SEARCHED_NUMBER = "(phone_number || ' ' || lower(coalesce(state->>'friendly_name', '')))";

export class IndexNumberSearch1764000200000 implements MigrationInterface {
  name = 'IndexNumberSearch1764000200000';

  async up(runner: QueryRunner): Promise<void> {
    await indexSearched(runner, 'numbers', SEARCHED_NUMBER);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index if exists numbers_searched');
  }
}
