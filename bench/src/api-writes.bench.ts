import { randomUUID } from 'node:crypto';
import { startPostgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import { benchMesh } from './bench-mesh.process.js';
import { figure } from './figure.js';
import { httpLoad, rate } from './http-load.net.js';

const WRITES = Number(process.env['BENCH_WRITES'] ?? 4_000);
const WIDTH = 32;
const ROUNDS = 3;

/**
 * POST /api/v1/sip-trunks, the whole way from HTTP through authentication, validation, sealing the password, events and
 * read model to the answer, against a bare transaction of two inserts of the same size by the same driver at the same
 * concurrency, both synced to disk. Rounds alternate, so that both see the same machine.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await benchMesh();
  const bare = await startPostgres({ durable: true });
  const pool = new pg.Pool({ connectionString: bare.url, max: WIDTH });
  pool.on('error', () => undefined);
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, WIDTH);
  try {
    await pool.query(
      'CREATE TABLE events (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, ' +
        'version int NOT NULL, envelope text NOT NULL, UNIQUE (subject, version))',
    );
    await pool.query(
      'CREATE TABLE trunks (id uuid PRIMARY KEY, organization_id uuid NOT NULL, name text NOT NULL, state text ' +
        'NOT NULL, UNIQUE (organization_id, name))',
    );
    // A FreeSWITCH that reloads five thousand times beside it would be measured as well.
    await bench.mesh.bridges[0]!.agent.stop();
    const rates = { api: 0, bare: 0 };
    for (let round = 0; round <= ROUNDS; round += 1) {
      const count = round === 0 ? 500 : WRITES;
      const bareRate = await rate(count, WIDTH, () => twoInserts(pool, bench.organizationId));
      const apiRate = await rate(count, WIDTH, (index) =>
        load.post('/api/v1/sip-trunks', {
          name: `Carrier ${round}-${index}`,
          gateway: 'sip.carrier.example.com',
          username: '9228',
          password: 'a-password-of-usual-length',
        }),
      );
      // The first is a warm-up.
      if (round > 0) {
        rates.bare += bareRate / ROUNDS;
        rates.api += apiRate / ROUNDS;
      }
    }
    print(
      figure({
        name: 'api_writes',
        value: rates.api,
        unit: 'writes/s',
        ratio: rates.api / rates.bare,
        versus: `bare two-insert transaction, ${Math.round(rates.bare)}/s (aim >= 0.5)`,
      }),
    );
  } finally {
    load.close();
    await pool.end();
    await bare.stop();
    await bench.stop();
  }
}

const ENVELOPE = 'x'.repeat(1_600);
const STATE = 'x'.repeat(900);

async function twoInserts(pool: pg.Pool, organization: string): Promise<void> {
  const id = randomUUID();
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({
      name: 'event',
      text: 'INSERT INTO events (subject, version, envelope) VALUES ($1, 1, $2)',
      values: [id, ENVELOPE],
    });
    await client.query({
      name: 'trunk',
      text: 'INSERT INTO trunks VALUES ($1, $2, $3, $4)',
      values: [id, organization, id, STATE],
    });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}
