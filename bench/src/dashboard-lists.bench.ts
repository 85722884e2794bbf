import { randomUUID } from 'node:crypto';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { callsStream, storedSamples } from './call-log-stream.nats.js';
import { fillCallLog, fillRecord, type Sizes } from './dashboard-lists-data.pg.js';
import { figure, percentile } from './figure.js';
import { httpLoad, type Load } from './http-load.net.js';

const part = Number(process.env['BENCH_PART'] ?? 1);
/** All of one organisation, which is harder than the same spread over thousands. */
const SIZES: Sizes = {
  trunks: 100_000 * part,
  numbers: 1_000_000 * part,
  calls: 1_000_000 * part,
  events: 300_000 * part,
};
const READS = Number(process.env['BENCH_READS'] ?? 60);
const WARM_UP = 3;
const LIMIT_MS = 100;
const FIRST_NUMBER = '+15550100001';

/** What the dashboard asks for, and the largest and the last pages that the API gives. */
function lists(trunk: string): Record<string, string> {
  const half = Math.floor(SIZES.numbers / 2);
  const middle = encodeURIComponent(`+1555${String(half).padStart(8, '0').slice(0, 5)}`);
  return {
    trunks: '/api/v1/sip-trunks?limit=200',
    trunks_1000: '/api/v1/sip-trunks?limit=1000',
    trunks_disabled: '/api/v1/sip-trunks?limit=200&enabled=false',
    trunk_counts: '/api/v1/trunk-states/counts',
    numbers: '/api/v1/phone-numbers?limit=200',
    numbers_1000: '/api/v1/phone-numbers?limit=1000',
    numbers_of_trunk: `/api/v1/phone-numbers?limit=10&sip_trunk_id=${trunk}`,
    numbers_prefix: `/api/v1/phone-numbers?limit=200&prefix=${middle}`,
    numbers_inactive: '/api/v1/phone-numbers?limit=200&is_active=false',
    calls: '/api/v1/calls?limit=100',
    calls_1000: '/api/v1/calls?limit=1000',
    calls_failed: '/api/v1/calls?limit=100&status=failed',
    calls_last_page: `/api/v1/calls?limit=100&skip=${SIZES.calls - 200}`,
    calls_of_trunk: `/api/v1/calls?limit=10&trunk_id=${trunk}`,
    events: '/api/v1/events?limit=100',
    events_1000: '/api/v1/events?limit=1000',
    events_of_trunk: `/api/v1/events?limit=10&entity=trunk&entity_id=${trunk}`,
    events_rare: '/api/v1/events?limit=100&type=TrunkDeleted',
    refused_calls: '/api/v1/refused-calls?limit=50',
    registrations: `/api/v1/sip-trunks/${trunk}/registrations?limit=10`,
    trunks_search: '/api/v1/sip-trunks?limit=200&q=site%2099',
    numbers_search: '/api/v1/phone-numbers?limit=200&q=reception',
  };
}

/** Each list of the dashboard while the database is large: from the request to the last byte of the answer. */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await benchMesh({ QUOTA_NUMBERS: '0' });
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, 1);
  try {
    const trunk = await fill(bench);
    for (const [name, path] of Object.entries(lists(trunk))) {
      const times = await reading(load, path);
      for (const share of [0.5, 0.99]) {
        const value = percentile(times, share);
        const versus = `limit of ${LIMIT_MS} ms`;
        print(figure({ name: `list_${name}_p${share * 100}`, value, unit: 'ms', ratio: value / LIMIT_MS, versus }));
      }
    }
  } finally {
    load.close();
    await bench.stop();
  }
}

/** Milliseconds of each read; the first few warm up. */
async function reading(load: Load, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let read = -WARM_UP; read < READS; read += 1) {
    const from = performance.now();
    await load.get(path);
    if (read >= 0) times.push(performance.now() - from);
  }
  return times;
}

/** One of each by the service itself, and copies by SQL. Returns the trunk that was made. */
async function fill({ mesh, organizationId, adminKey }: BenchMesh): Promise<string> {
  const api = apiClient(mesh.file.api, adminKey);
  // Its gateways are not what is measured.
  await mesh.bridges[0]!.agent.stop();
  const settings = { name: 'First', gateway: '192.0.2.10', register: false };
  const { id } = await api.post<{ id: string }>('/api/v1/sip-trunks', settings);
  await api.post('/api/v1/phone-numbers', {
    phone_number: FIRST_NUMBER,
    friendly_name: 'Office',
    sip_trunk_id: id,
    assistant_id: 17,
  });
  const samples = await storedSamples();
  const calls = await callsStream(mesh.file.nats, {
    ...{ organizationId, bridgeId: 'bench-lists', epoch: randomUUID(), samples },
  });
  await calls.publish(0, 1);
  await calls.recorded(1);
  await calls.stop();
  await fillRecord(mesh.file.postgres, organizationId, SIZES);
  await fillCallLog(mesh.billingUrl, organizationId, SIZES.calls);
  return id;
}
