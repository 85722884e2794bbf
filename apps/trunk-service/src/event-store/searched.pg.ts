import type { QueryRunner } from 'typeorm';

/**
 * An index by which any part of a text is found. It needs the extension pg_trgm, which belongs to PostgreSQL and which
 * the owner of a database may create. Where that is refused, searches read every row of the organisation.
 */
export async function indexSearched(runner: QueryRunner, table: string, text: string): Promise<void> {
  await runner.query(`
    do $$
    begin
      create extension if not exists pg_trgm schema public;
      create index ${table}_searched on ${table} using gin (${text} public.gin_trgm_ops);
    exception when insufficient_privilege or feature_not_supported or undefined_file or undefined_object then
      raise warning 'searches in % have no index: %', '${table}', sqlerrm;
    end $$`);
}
