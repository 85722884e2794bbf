import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@nats-io/transport-node';
import { ROUTING_INBOUND } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startNatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import { startSupervised, type Supervised } from '@trunkmesh/testkit/supervised.process.js';
import { figure } from './figure.js';
import { firstLine, measure, middle, type Measure } from './request-rate.nats.js';
import { lookup } from './routing-data.js';
import { fillStream } from './routing-stream.nats.js';

const NUMBERS = Number(process.env['BENCH_NUMBERS'] ?? 1_000_000);
const ROUNDS = 3;
const STRATEGY = 'bench.strategy';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Inbound lookups both ways (ADR 0023): by routing-service's raw subscription, and through Nest's transport with the
 * same functions. Two processes with the same index, measured in turns.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const nats = await startNatsServer();
  const child = spawn(process.execPath, [join(here, 'requests-strategy.process.js'), nats.url, STRATEGY], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let service: Supervised | undefined;
  try {
    await fillStream(nats.url, NUMBERS, print);
    service = await startRoutingService(nats.url);
    await firstLine(child);
    await compare(nats.url, print);
  } finally {
    child.kill('SIGKILL');
    await service?.stop('SIGKILL');
    await nats.stop();
  }
}

export async function startRoutingService(url: string): Promise<Supervised> {
  const ops = await freePort();
  const main = join(here, '../../apps/routing-service/dist/main.js');
  const service = await startSupervised(process.execPath, [main], {
    env: { ...process.env, NATS_URL: url, OPS_PORT: String(ops), OPS_HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
  });
  await eventually(async () => (await fetch(`http://127.0.0.1:${ops}/health/ready`)).ok, {
    timeoutMs: 300_000,
    message: 'routing-service to be ready',
  });
  return service;
}

async function compare(url: string, print: (line: string) => void): Promise<void> {
  const nc = await connect({ servers: url });
  const payloads = Array.from({ length: 20_000 }, (_unused, at) => JSON.stringify(lookup((at * 7_919) % NUMBERS)));
  const both = [ROUTING_INBOUND, STRATEGY];
  const [one, other] = await Promise.all(both.map((subject) => nc.request(subject, payloads[1]!, { timeout: 5_000 })));
  if (one!.string() !== other!.string()) throw new Error(`not the same answer: ${one!.string()} ${other!.string()}`);
  const measured: Record<string, Measure[]> = { [ROUTING_INBOUND]: [], [STRATEGY]: [] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const subject of both) {
      const result = await measure(nc, subject, payloads);
      // The first round is a warm-up.
      if (round > 0) measured[subject]!.push(result);
    }
  await nc.close();
  const [raw, strategy] = [middle(measured[ROUTING_INBOUND]!), middle(measured[STRATEGY]!)];
  print(
    figure({
      name: 'routing_lookups_by_transport',
      value: strategy.rate,
      unit: 'lookups/s',
      ratio: strategy.rate / raw.rate,
      versus: `the raw subscription, ${Math.round(raw.rate)}/s`,
    }),
  );
  print(
    figure({
      name: 'routing_lookup_p99_by_transport',
      value: strategy.p99,
      unit: 'ms',
      ratio: strategy.p99 / raw.p99,
      versus: `the raw subscription's p99, ${raw.p99.toFixed(2)} ms`,
    }),
  );
}
