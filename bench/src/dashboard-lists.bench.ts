import { setTimeout as sleep } from 'node:timers/promises';
import { figure, percentile } from './figure.js';
import { httpLoad, type Load } from './http-load.net.js';
import { CALLED_TRUNK, listsMesh, SIZES, type ListsMesh } from './lists-mesh.process.js';

const READS = Number(process.env['BENCH_READS'] ?? 60);
/** Until V8 has compiled what runs often. */
const WARM_UP = 15;
const LIMIT_MS = 100;
/** Only the lists whose names begin with this. */
const ONLY = process.env['BENCH_ONLY'] ?? '';

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** What the dashboard asks for, and the largest and the last pages that the API gives. */
function lists({ trunkId: trunk, keyId: key }: ListsMesh): Record<string, string> {
  const half = Math.floor(SIZES.numbers / 2);
  const middle = encodeURIComponent(`+1555${String(half).padStart(8, '0').slice(0, 5)}`);
  return {
    trunks: '/api/v1/sip-trunks?limit=200',
    trunks_1000: '/api/v1/sip-trunks?limit=1000',
    trunks_disabled: '/api/v1/sip-trunks?limit=200&enabled=false',
    trunk_counts: '/api/v1/trunk-states/counts',
    trunks_untested: `/api/v1/trunk-states/untested?from=${daysAgo(30)}`,
    numbers: '/api/v1/phone-numbers?limit=200',
    numbers_1000: '/api/v1/phone-numbers?limit=1000',
    numbers_of_trunk: `/api/v1/phone-numbers?limit=10&sip_trunk_id=${trunk}`,
    numbers_prefix: `/api/v1/phone-numbers?limit=200&prefix=${middle}`,
    numbers_inactive: '/api/v1/phone-numbers?limit=200&is_active=false',
    calls: '/api/v1/calls?limit=100',
    calls_1000: '/api/v1/calls?limit=1000',
    calls_failed: '/api/v1/calls?limit=100&status=failed',
    calls_last_page: `/api/v1/calls?limit=100&skip=${SIZES.calls - 200}`,
    calls_middle_page: `/api/v1/calls?limit=100&skip=${Math.floor(SIZES.calls / 2)}`,
    calls_phone_part: '/api/v1/calls?limit=100&customer_phone=4711',
    calls_phone_common_part: '/api/v1/calls?limit=100&customer_phone=555',
    calls_phone_beginning: '/api/v1/calls?limit=100&customer_phone=%2B15551',
    calls_phone_of_nobody: '/api/v1/calls?limit=100&customer_phone=anonymous',
    calls_sid_part: '/api/v1/calls?limit=100&call_sid=4711ab',
    calls_sid_beginning: '/api/v1/calls?limit=100&call_sid=CA01900000',
    calls_min_duration: '/api/v1/calls?limit=100&min_duration=60',
    calls_longest: '/api/v1/calls?limit=100&min_duration=1500',
    calls_shortest: '/api/v1/calls?limit=100&max_duration=1&status=completed',
    calls_several: `/api/v1/calls?limit=100&trunk_id=${CALLED_TRUNK}&assistant_id=12&min_duration=30&direction=inbound`,
    calls_assistant_phone: '/api/v1/calls?limit=100&assistant_id=12&customer_phone=99',
    calls_min_duration_far: `/api/v1/calls?limit=100&min_duration=60&skip=${Math.floor(SIZES.calls / 3)}`,
    calls_dates_duration: '/api/v1/calls?limit=100&date_from=2026-07-05T10:00:00Z&min_duration=60',
    calls_of_trunk: `/api/v1/calls?limit=10&trunk_id=${trunk}`,
    events: '/api/v1/events?limit=100',
    events_1000: '/api/v1/events?limit=1000',
    events_of_trunk: `/api/v1/events?limit=10&entity=trunk&entity_id=${trunk}`,
    events_of_actor: `/api/v1/events?limit=100&actor=${key}`,
    events_of_operator: '/api/v1/events?limit=100&actor=operator',
    events_rare: '/api/v1/events?limit=100&type=TrunkDeleted',
    refused_calls: '/api/v1/refused-calls?limit=50',
    registrations: `/api/v1/sip-trunks/${trunk}/registrations?limit=10`,
    trunks_search: '/api/v1/sip-trunks?limit=200&q=site%2099',
    numbers_search: '/api/v1/phone-numbers?limit=200&q=reception',
  };
}

/** Each list of the dashboard while the database is large: from the request to the last byte of the answer. */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await listsMesh();
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, 1);
  try {
    await searchable(load);
    for (const [name, path] of Object.entries(lists(bench))) {
      if (!name.startsWith(ONLY)) continue;
      const { first, times } = await reading(load, path);
      for (const share of [0.5, 0.99]) {
        const value = percentile(times, share);
        const versus = `limit of ${LIMIT_MS} ms`;
        print(figure({ name: `list_${name}_p${share * 100}`, value, unit: 'ms', ratio: value / LIMIT_MS, versus }));
      }
      if (first > LIMIT_MS) print(`# the first read of ${name}: ${Math.round(first)} ms`);
    }
  } finally {
    load.close();
    await bench.stop();
  }
}

/** What the first list of calls starts: past days are counted, and read for searches. */
export async function searchable(load: Load): Promise<void> {
  await load.get('/api/v1/calls?limit=1');
  for (let read = 0; read < 600; read += 1) {
    const from = performance.now();
    await load.get('/api/v1/calls?limit=1&call_sid=0000000000');
    if (performance.now() - from < LIMIT_MS / 2) return;
    await sleep(100);
  }
}

/** Milliseconds of each read: the very first, which nothing was kept for, and those after the warm-up. */
async function reading(load: Load, path: string): Promise<{ first: number; times: number[] }> {
  const all: number[] = [];
  for (let read = 0; read < WARM_UP + READS; read += 1) {
    const from = performance.now();
    await load.get(path);
    all.push(performance.now() - from);
  }
  return { first: all[0]!, times: all.slice(WARM_UP) };
}
