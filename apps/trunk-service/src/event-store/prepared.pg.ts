import type { ClientBase, QueryResult, QueryResultRow } from 'pg';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import type { Queryable } from './read-model.js';

/**
 * Texts of ours have a name each, and are then parsed and planned once a connection. A text that is built from a
 * request may not fill the memory of every connection.
 */
const MAX_NAMED_STATEMENTS = 200;
const names = new Map<string, string>();

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_NAMED_STATEMENTS) return known;
  const name = `trunk-service ${names.size + 1}`;
  names.set(text, name);
  return name;
}

/** Failures have TypeORM's form, as the event store's have. */
export async function ask<Row extends QueryResultRow>(
  client: ClientBase,
  text: string,
  values?: unknown[],
): Promise<QueryResult<Row>> {
  try {
    return await (values === undefined
      ? client.query<Row>(text)
      : client.query<Row>({ name: nameOf(text), text, values }));
  } catch (error) {
    throw new QueryFailedError(text, undefined, error as Error);
  }
}

/** The transaction's own connection, without what TypeORM does around a query. */
export const preparedIn = (runner: QueryRunner): Queryable => ({
  query: async (text, values = []) => (await ask((await runner.connect()) as ClientBase, text, values)).rows,
});
