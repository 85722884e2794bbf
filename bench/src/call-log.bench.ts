import { randomUUID } from 'node:crypto';
import { startPostgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import type { Request } from './call-log-bare.process.js';
import { callId, caller, EVENTS_A_CALL } from './call-log-data.js';
import { callsStream, storedSamples, type CallsStream } from './call-log-stream.nats.js';
import { startMeasured, type Measured } from './child.process.js';
import { figure, percentile } from './figure.js';
import { httpLoad, type Load } from './http-load.net.js';

/** None of the mesh's own: its numbers begin at 1 with this run. */
const BRIDGE = 'bench-agent';
const CALLS_A_ROUND = Number(process.env['BENCH_CALLS'] ?? 30_000) / 3;
const ROUNDS = 3;
const WARM_UP_CALLS = 1_000;
const READS = 400;

/**
 * The call log: what recording costs, and how long looking up takes. Recording is measured against a program that
 * inserts the same events from the same stream into one table and makes nothing of them; looking up (authentication,
 * NATS and billing-observer between) against the same number of rows served straight from that table.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await benchMesh();
  const database = await startPostgres({ durable: true });
  const calls = await callsStream(bench.mesh.file.nats, {
    organizationId: bench.organizationId,
    bridgeId: BRIDGE,
    epoch: randomUUID(),
    samples: await storedSamples(),
  });
  const bare = await startMeasured<Request>('call-log-bare.process.js', [bench.mesh.file.nats, database.url]);
  try {
    const rates = await recording(bench, calls, bare);
    print(
      figure({
        name: 'call_log_recording',
        value: rates.ours,
        unit: 'events/s',
        ratio: rates.ours / rates.bare,
        versus: `bare insert of the same stream, ${Math.round(rates.bare)}/s`,
      }),
    );
    await vacuum(bench.mesh.billingUrl);
    const load = httpLoad(bench.mesh.file.api, bench.adminKey, 1);
    const rival = httpLoad(`http://127.0.0.1:${await bare.ask({ ask: 'serve' })}`, '', 1);
    await lookingUp({ load, rival, organization: bench.organizationId }, print);
    load.close();
    rival.close();
  } finally {
    await bare.stop();
    await calls.stop();
    await database.stop();
    await bench.stop();
  }
}

/** The observer stands still while the stream is filled and while the other one reads it. Events a second. */
async function recording(
  { mesh }: BenchMesh,
  calls: CallsStream,
  bare: Measured<Request>,
): Promise<{ ours: number; bare: number }> {
  const observer = mesh.billingObserver.pid()!;
  const rates = { ours: 0, bare: 0 };
  for (let round = 0, first = 0; round <= ROUNDS; round += 1) {
    const count = round === 0 ? WARM_UP_CALLS : CALLS_A_ROUND;
    process.kill(observer, 'SIGSTOP');
    await calls.publish(first, first + count);
    first += count;
    const events = count * EVENTS_A_CALL;
    const theirs = await seconds(() => bare.ask({ ask: 'record', events }));
    process.kill(observer, 'SIGCONT');
    const ours = await seconds(() => calls.recorded(first));
    if (round === 0) continue;
    rates.bare += events / theirs / ROUNDS;
    rates.ours += events / ours / ROUNDS;
  }
  return rates;
}

interface Readers {
  load: Load;
  rival: Load;
  organization: string;
}

async function lookingUp({ load, rival, organization }: Readers, print: (line: string) => void): Promise<void> {
  const total = WARM_UP_CALLS + ROUNDS * CALLS_A_ROUND;
  const random = () => Math.floor(Math.random() * total);
  const questions: Record<string, { ours: (nth: number) => string; theirs: (nth: number) => string }> = {
    list_100: { ours: () => '/api/v1/calls?limit=100', theirs: () => `/?organization=${organization}&limit=100` },
    list_of_a_caller: {
      ours: (nth) => `/api/v1/calls?limit=10&customer_phone=${encodeURIComponent(caller(nth))}`,
      theirs: () => `/?organization=${organization}&limit=10`,
    },
    one: {
      ours: (nth) => `/api/v1/calls/CA${callId(nth).replaceAll('-', '')}`,
      theirs: (nth) => `/?organization=${organization}&call=${callId(nth)}`,
    },
  };
  for (const [name, { ours, theirs }] of Object.entries(questions)) {
    const [mine, others]: [number[], number[]] = [[], []];
    for (let nth = 0; nth < READS; nth += 1) {
      const call = random();
      others.push(1_000 * (await seconds(() => rival.get(theirs(call)))));
      mine.push(1_000 * (await seconds(() => load.get(ours(call)))));
    }
    for (const share of [0.5, 0.99]) {
      const value = percentile(mine, share),
        other = percentile(others, share);
      print(
        figure({
          name: `call_log_${name}_p${share * 100}`,
          value,
          unit: 'ms',
          ratio: value / other,
          versus: `bare HTTP and SQL, ${other.toFixed(2)} ms (${total} calls)`,
        }),
      );
    }
  }
}

/** As autovacuum does within a minute; the bare program does it as well. */
async function vacuum(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('VACUUM ANALYZE');
  await client.end();
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1_000;
}
