import type { QueryRunner } from 'typeorm';

const ROWS_PER_FETCH = 2_000;

/** Rows in parts, within the runner's transaction: memory holds one part. */
export async function* rowsOf<Row>(
  runner: QueryRunner,
  { name, sql, parameters }: { name: string; sql: string; parameters: unknown[] },
): AsyncGenerator<Row> {
  await runner.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`, parameters);
  for (;;) {
    const rows: Row[] = await runner.query(`FETCH FORWARD ${ROWS_PER_FETCH} FROM ${name}`);
    yield* rows;
    if (rows.length < ROWS_PER_FETCH) return;
  }
}
