import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { ROUTING_INBOUND } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { startSupervised, type Supervised } from '@trunkmesh/testkit/supervised.process.js';
import { figure } from './figure.js';
import { IN_FLIGHT, firstLine, measure, middle, type Measure } from './request-rate.nats.js';
import {
  CROWD,
  crowdLookup,
  crowdNumber,
  crowdOrganization,
  lookup,
  organizationOf,
  phoneNumber,
} from './routing-data.js';
import { postgresRival } from './routing-postgres.pg.js';
import { fillStream } from './routing-stream.nats.js';

const NUMBERS = Number(process.env['BENCH_NUMBERS'] ?? 1_000_000);
const ROUNDS = 3;

const here = dirname(fileURLToPath(import.meta.url));
const rivals = join(here, 'routing-rivals.process.js');
const service = join(here, '../../apps/routing-service/dist/main.js');

type Print = (line: string) => void;

/**
 * routing-service with a million numbers: lookups against a bare NATS echo and against PostgreSQL, the cold start
 * against reading and doing nothing, and what a number weighs.
 */
export async function run(print: Print): Promise<void> {
  const nats = await startNatsServer();
  const children: ChildProcess[] = [];
  const node = (args: string[]) => {
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  const services: Supervised[] = [];
  try {
    const [, weight] = (await firstLine(node(['--expose-gc', rivals, 'index', String(NUMBERS)]))).split(' ');
    print(
      figure({
        name: 'routing_bytes_a_number',
        value: Number(weight),
        unit: 'bytes',
        ratio: Number(weight) / 100,
        versus: 'the limit of 100 bytes (aim <= 1)',
      }),
    );

    await fillStream(nats.url, NUMBERS, print);
    const ops = await coldStart({ print, url: nats.url, node }, services);
    await lookups({ print, url: nats.url, node });
    print(`# routing-service, resident after all this: ${await resident(ops)} MB`);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    for (const one of services) await one.stop('SIGKILL');
    await nats.stop();
  }
}

interface Stage {
  print: Print;
  url: string;
  node: (args: string[]) => ChildProcess;
}

/**
 * Both as whole processes, from their start: node's own start is in both. Alternating; the last service stays for the
 * lookups.
 */
async function coldStart({ print, url, node }: Stage, services: Supervised[]): Promise<number> {
  const times = { read: [] as number[], service: [] as number[] };
  let ops = 0;
  for (let round = 0; round < 2; round += 1) {
    let from = performance.now();
    await firstLine(node([rivals, 'read', url]));
    times.read.push(performance.now() - from);

    ops = await freePort();
    from = performance.now();
    const child = await startSupervised(process.execPath, [service], {
      env: { ...process.env, NATS_URL: url, OPS_PORT: String(ops), OPS_HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
    });
    services.push(child);
    await eventually(async () => (await fetch(`http://127.0.0.1:${ops}/health/ready`)).ok, {
      timeoutMs: 300_000,
      intervalMs: 20,
      message: 'routing-service to be ready',
    });
    times.service.push(performance.now() - from);
    if (round === 0) await child.stop('SIGKILL');
  }
  const [read, whole] = [Math.min(...times.read), Math.min(...times.service)];
  print(
    figure({
      name: `routing_cold_start_${NUMBERS}`,
      value: whole / 1_000,
      unit: 's',
      ratio: whole / read,
      versus: `reading the stream and doing nothing, ${(read / 1_000).toFixed(1)} s (aim <= 1.5)`,
    }),
  );
  return ops;
}

async function resident(ops: number): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${ops}/metrics`)).text();
  return Math.round(
    Number(/^trunkmesh_process_resident_memory_bytes(?:\{[^}]*\})? (\S+)/m.exec(metrics)?.[1] ?? Number.NaN) / 1e6,
  );
}

interface Lookups {
  requests: { payload: string; at: number }[];
  /** To an address that many organisations are behind. */
  shared: string[];
  sampleBytes: number;
}

async function lookups({ print, url, node }: Stage): Promise<void> {
  const nc = await connect({ servers: url });
  const asked = await checkedLookups(nc);
  await firstLine(node([rivals, 'echo', url, String(asked.sampleBytes)]));
  const rival = await postgresRival(NUMBERS, print);
  try {
    const routing = await lookupRates(nc, asked, print);
    const relational = await rival.rate(asked.requests.map(({ at }) => at).slice(0, 10_000));
    print(
      figure({
        name: 'routing_lookups_vs_postgres',
        value: routing.rate,
        unit: 'lookups/s',
        ratio: routing.rate / relational,
        versus: `the same lookup in PostgreSQL, prepared, ${Math.round(relational)}/s`,
      }),
    );
  } finally {
    await rival.stop();
    await nc.close();
  }
}

/** What is asked; one of each kind is asked here, and its answer must be right. */
async function checkedLookups(nc: NatsConnection): Promise<Lookups> {
  const requests = Array.from({ length: 20_000 }, (_unused, index) => {
    const at = (index * 7_919) % NUMBERS;
    return { payload: JSON.stringify(lookup(at)), at };
  });
  const sample = await nc.request(ROUTING_INBOUND, requests[1]!.payload, { timeout: 5_000 });
  const decision = sample.json<{ outcome: string; number: string; organization_id: string }>();
  const expected = requests[1]!.at;
  if (
    decision.outcome !== 'route' ||
    decision.number !== phoneNumber(expected) ||
    decision.organization_id !== organizationOf(expected)
  )
    throw new Error(`not the right answer: ${sample.string()}`);
  const shared = Array.from({ length: 20_000 }, (_unused, index) => JSON.stringify(crowdLookup(index * 7_919)));
  const [first] = [
    (await nc.request(ROUTING_INBOUND, shared[1]!, { timeout: 5_000 })).json<{
      outcome: string;
      number: string;
      organization_id: string;
    }>(),
  ];
  if (first.number !== crowdNumber(7_919) || first.organization_id !== crowdOrganization(7_919))
    throw new Error(`not the right answer: ${JSON.stringify(first)}`);
  return { requests, shared, sampleBytes: sample.data.length };
}

/** Gives the routing's own figure. */
async function lookupRates(nc: NatsConnection, asked: Lookups, print: Print): Promise<Measure> {
  const { requests, shared, sampleBytes } = asked;
  const measured = { routing: [] as Measure[], echo: [] as Measure[], shared: [] as Measure[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const echo = await measure(
      nc,
      'bench.echo',
      requests.map(({ payload }) => payload),
    );
    const routing = await measure(
      nc,
      ROUTING_INBOUND,
      requests.map(({ payload }) => payload),
    );
    const atCarrier = await measure(nc, ROUTING_INBOUND, shared);
    // The first is a warm-up.
    if (round > 0) {
      measured.routing.push(routing);
      measured.echo.push(echo);
      measured.shared.push(atCarrier);
    }
  }
  const [routing, echo] = [middle(measured.routing), middle(measured.echo)];
  const size = `${requests[1]!.payload.length} bytes there, ${sampleBytes} back`;
  print(
    figure({
      name: 'routing_lookups',
      value: routing.rate,
      unit: 'lookups/s',
      ratio: routing.rate / echo.rate,
      versus: `a bare NATS echo of the same payloads (${size}), ${Math.round(echo.rate)}/s (aim >= 0.9)`,
    }),
  );
  print(
    figure({
      name: 'routing_lookup_p99',
      value: routing.p99,
      unit: 'ms',
      ratio: routing.p99 / echo.p99,
      versus: `the echo's p99, ${echo.p99.toFixed(2)} ms, ${IN_FLIGHT} in flight`,
    }),
  );
  const atCarrier = middle(measured.shared);
  print(
    figure({
      name: 'routing_lookups_shared_address',
      value: atCarrier.rate,
      unit: 'lookups/s',
      ratio: atCarrier.rate / routing.rate,
      versus: `an address of one organisation; here ${CROWD} organisations are behind one (aim >= 0.8)`,
    }),
  );
  return routing;
}
