import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { figure, percentile } from './figure.js';
import { httpLoad, type Load } from './http-load.net.js';

const NUMBERS = Number(process.env['BENCH_NUMBERS'] ?? 100_000);
const TRUNKS = Number(process.env['BENCH_TRUNKS'] ?? 3_000);
/** No request may delay another organisation's by more. */
const LIMIT_MS = 200;
const EVERY_MS = 5;
/** The services run their code for the first time meanwhile. */
const WARM_UP_MS = 10_000;

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
    const alone = await beside(other, () => sleep(WARM_UP_MS));
    print(`without a large request: longest ${Math.max(...alone).toFixed(0)} ms, median ${median(alone)} ms`);
    for (const heavy of HEAVY) {
      const body = heavy.body();
      const taken = await beside(other, () => send(bench, heavy, body));
      const longest = Math.max(...taken);
      print(
        figure({
          name: `neighbour_${heavy.name}`,
          value: longest,
          unit: 'ms',
          ratio: longest / LIMIT_MS,
          versus: `the limit of ${LIMIT_MS} ms (aim <= 1); median of ${taken.length}: ${median(taken)} ms`,
        }),
      );
    }
  } finally {
    other.close();
    await bench.stop();
  }
}

const median = (taken: readonly number[]): string => percentile(taken, 0.5).toFixed(1);

/** How long each of the other organisation's requests took while `work` went on, in milliseconds. */
async function beside(other: Load, work: () => Promise<void>): Promise<number[]> {
  const taken: number[] = [];
  const one = async () => {
    const began = performance.now();
    await other.get('/api/v1/sip-trunks');
    taken.push(performance.now() - began);
  };
  let isOver = false;
  const over = work().then(() => {
    isOver = true;
  });
  const polls: Promise<void>[] = [];
  while (!isOver) {
    polls.push(one());
    await Promise.race([sleep(EVERY_MS), over]);
  }
  await Promise.all([over, ...polls]);
  return taken;
}

async function send(bench: BenchMesh, heavy: Heavy, body: string): Promise<void> {
  const response = await fetch(bench.mesh.file.api + heavy.path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${bench.adminKey}`, 'Content-Type': heavy.type },
    body,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${heavy.name}: ${response.status} ${text.slice(0, 300)}`);
}
