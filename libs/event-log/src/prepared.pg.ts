import type { ClientBase, QueryResult } from 'pg';
import { QueryFailedError, type EntityManager } from 'typeorm';

/**
 * A named statement is parsed and planned once a connection, which for a single small row is half of its cost. TypeORM
 * does not offer them, so this goes to the transaction's own connection; failures have TypeORM's form. Without a
 * transaction any connection of the pool does.
 */
export async function prepared<Row extends object>(
  tx: EntityManager,
  statement: { name: string; text: string; values: unknown[] },
): Promise<QueryResult<Row>> {
  const runner = tx.queryRunner ?? tx.dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as ClientBase;
    return await client.query<Row>(statement);
  } catch (error) {
    throw error instanceof Error && !(error instanceof QueryFailedError)
      ? new QueryFailedError(statement.name, undefined, error)
      : error;
  } finally {
    if (runner !== tx.queryRunner) await runner.release();
  }
}
