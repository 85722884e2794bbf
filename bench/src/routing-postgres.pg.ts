import { startPostgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import { ORGANIZATIONS, organizationOf, phoneNumber, sourceAddress } from './routing-data.js';
import { rate } from './http-load.net.js';

/**
 * The same question put to PostgreSQL: whose trunk has this source address, and whose number is this? One prepared
 * statement over two indexed tables that fit into memory.
 */
export async function postgresRival(
  numbers: number,
  say: (line: string) => void,
): Promise<{ rate(which: readonly number[]): Promise<number>; stop(): Promise<void> }> {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.url, max: 16 });
  // The server goes first when the measurement ends.
  pool.on('error', () => undefined);
  await pool.query(
    'CREATE TABLE trunks (id int PRIMARY KEY, organization_id uuid NOT NULL, address inet NOT NULL, enabled ' +
      'boolean NOT NULL)',
  );
  await pool.query(
    'CREATE TABLE numbers (phone_number text PRIMARY KEY, organization_id uuid NOT NULL, assistant_id bigint ' +
      'NOT NULL, is_active boolean NOT NULL)',
  );
  for (let org = 0; org < ORGANIZATIONS; org += 1)
    await pool.query('INSERT INTO trunks VALUES ($1, $2, $3, true)', [org, organizationOf(org), sourceAddress(org)]);
  await pool.query('CREATE INDEX ON trunks (address)');
  for (let from = 0; from < numbers; from += 50_000) {
    const rows = Array.from({ length: Math.min(50_000, numbers - from) }, (_unused, index) => from + index);
    await pool.query('INSERT INTO numbers SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::boolean[])', [
      rows.map(phoneNumber),
      rows.map(organizationOf),
      rows,
      rows.map(() => true),
    ]);
  }
  await pool.query('ANALYZE');
  say(`# ${numbers} numbers are in PostgreSQL`);
  const text =
    'SELECT n.organization_id, t.id, n.assistant_id FROM trunks t JOIN numbers n USING (organization_id) WHERE ' +
    't.address = $1 AND t.enabled AND n.phone_number = $2 AND n.is_active';
  const ask = async (at: number) => {
    const { rowCount } = await pool.query({
      name: 'lookup',
      text,
      values: [sourceAddress(at % ORGANIZATIONS), phoneNumber(at)],
    });
    if (rowCount !== 1) throw new Error(`PostgreSQL found ${rowCount} rows`);
  };
  return {
    rate: async (which) => {
      await rate(Math.min(1_000, which.length), 16, (index) => ask(which[index]!));
      return rate(which.length, 16, (index) => ask(which[index]!));
    },
    stop: async () => {
      await pool.end();
      await server.stop();
    },
  };
}
