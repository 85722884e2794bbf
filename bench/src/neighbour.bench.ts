import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { benchMesh } from './bench-mesh.process.js';
import { figure, percentile } from './figure.js';
import { httpLoad } from './http-load.net.js';

const NUMBERS = Number(process.env['BENCH_NUMBERS'] ?? 100_000);
const TRUNKS = Number(process.env['BENCH_TRUNKS'] ?? 3_000);
/** No request may delay another organisation's by more. */
const LIMIT_MS = 200;
const EVERY_MS = 5;

interface Heavy {
  name: string;
  path: string;
  type: string;
  body: () => string;
}

const number = (n: number) => ({ phone_number: `+1555${3_000_000 + n}`, friendly_name: `Number ${n}` });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => number(n));
const trunks = () =>
  Array.from({ length: TRUNKS }, (_, n) => ({
    name: `Trunk ${n}`,
    gateway: 'sip.carrier.example.com',
    username: `u${n}`,
    password: `a-password-${n}`,
  }));
const IMPORT = '/api/v1/phone-numbers/import?on_duplicate=update';
const SYNC = '/api/sync-organization?timeout_ms=0';
const csv = () => [
  'phone_number,friendly_name',
  ...numbers(NUMBERS).map((row) => `${row.phone_number},${row.friendly_name}`),
];

const HEAVY: readonly Heavy[] = [
  { name: 'import_json', path: IMPORT, type: 'application/json', body: () => JSON.stringify(numbers(NUMBERS)) },
  { name: 'import_csv', path: IMPORT, type: 'text/csv', body: () => csv().join('\n') },
  {
    name: 'sync',
    path: SYNC,
    type: 'application/json',
    body: () => JSON.stringify({ trunks: trunks(), numbers: numbers(NUMBERS * 0.4) }),
  },
  {
    name: 'sync_unchanged',
    path: SYNC,
    type: 'application/json',
    body: () => JSON.stringify({ trunks: trunks(), numbers: numbers(NUMBERS * 0.4) }),
  },
];

/**
 * What the largest requests that are accepted cost another organisation: how long its own small requests, one every
 * 5 ms, take meanwhile, against the limit of 200 ms.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await benchMesh({ QUOTA_NUMBERS: '0', QUOTA_TRUNKS: '0' });
  const bootstrap = apiClient(bench.mesh.file.api, bench.mesh.file.bootstrapKey);
  const { id } = await bootstrap.post<{ id: string }>('/api/v1/organizations', { name: 'Neighbour' });
  const owner = { organization_id: id, name: 'bench', role: 'admin' };
  const { key } = await bootstrap.post<{ key: string }>('/api/v1/api-keys', owner);
  const other = httpLoad(bench.mesh.file.api, key, 32);
  try {
    await bench.mesh.bridges[0]!.agent.stop();
    for (const heavy of HEAVY) {
      const taken: number[] = [];
      const one = async () => {
        const began = performance.now();
        await other.get('/api/v1/sip-trunks');
        taken.push(performance.now() - began);
      };
      let isOver = false;
      const request = fetch(bench.mesh.file.api + heavy.path, {
        method: 'POST',
        headers: { Authorization: `Bearer ${bench.adminKey}`, 'Content-Type': heavy.type },
        body: heavy.body(),
      }).then(async (response) => {
        const text = await response.text();
        isOver = true;
        if (!response.ok) throw new Error(`${heavy.name}: ${response.status} ${text.slice(0, 300)}`);
      });
      const polls: Promise<void>[] = [];
      while (!isOver) {
        polls.push(one());
        await Promise.race([sleep(EVERY_MS), request]);
      }
      await Promise.all([request, ...polls]);
      const longest = Math.max(...taken);
      const median = percentile(taken, 0.5);
      print(
        figure({
          name: `neighbour_${heavy.name}`,
          value: longest,
          unit: 'ms',
          ratio: longest / LIMIT_MS,
          versus: `the limit of ${LIMIT_MS} ms (aim <= 1); median of ${taken.length}: ${median.toFixed(1)} ms`,
        }),
      );
    }
  } finally {
    other.close();
    await bench.stop();
  }
}
