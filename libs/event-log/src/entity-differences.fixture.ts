import type { DataSource } from 'typeorm';

/**
 * The statements that would make the tables what their entities say: none, where they agree. Every table that has an
 * entity counts, and of it columns, types, nullability, defaults, keys, checks and indexes by their names.
 */
export async function entityDifferences(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}
