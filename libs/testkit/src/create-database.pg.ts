import pg from 'pg';

/** Makes it unless it is there, as a copy of `template`. `url`: of another database of the server. */
export async function createDatabase(url: string, name: string, template = 'template1'): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    const [made, original] = [client.escapeIdentifier(name), client.escapeIdentifier(template)];
    if (rowCount === 0) await client.query(`CREATE DATABASE ${made} TEMPLATE ${original}`);
  } finally {
    await client.end();
  }
}
