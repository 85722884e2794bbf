import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestMesh } from './mesh.fixture.js';

/**
 * Where a secret is in clear: files of the mesh (the streams', the databases' and their logs among them) and tables as
 * their text. Not looked at: FreeSWITCH's configuration, which needs the passwords, and what the test itself keeps.
 */
export async function placesOf(test: TestMesh, secret: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'grep',
    [
      '-rlaF',
      '-D',
      'skip',
      '--exclude-dir=conf',
      '--exclude=freeswitch.xml.fsxml',
      '--exclude=settings.json',
      '-e',
      secret,
      '.',
    ],
    { cwd: test.folder },
  ).catch((error: { code?: unknown; stdout?: string }) => {
    // 1: nothing found; 2: a file that went away meanwhile.
    if (error.code === 1 || error.code === 2) return { stdout: error.stdout ?? '' };
    throw error;
  });
  const files = stdout.split('\n').filter((name) => name !== '');
  return [...files, ...(await tablesWith(test.record, secret)), ...(await tablesWith(test.billing, secret))];
}

async function tablesWith(query: TestMesh['record'], secret: string): Promise<string[]> {
  const tables = await query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await query(`select 1 as one from ${name} as row where position($1 in row::text) > 0 limit 1`, [
      secret,
    ]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}
