import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { startPostgres } from '@trunkmesh/testkit/postgres.process.js';
import pg from 'pg';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import type { Request } from './call-log-bare.process.js';
import { eventsOf } from './call-log-data.js';
import { callsStream, storedSamples } from './call-log-stream.nats.js';
import { startMeasured } from './child.process.js';
import { addUsed, cpuByProgram, cpuOfEach } from './cpu-by-program.fs.js';
import { figure, percentile } from './figure.js';
import { httpLoad } from './http-load.net.js';

const BRIDGE = 'bench-ledger';
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 30_000);
const WARM_UP = 2_000;
/** Of one month and one organisation; 10,000,000 is the size that the limit is for. */
const ROWS = Number(process.env['BENCH_LEDGER_ROWS'] ?? 1_000_000);
/** Some of them alone: 10,000,000 entries take minutes to make, and to export. */
const PARTS = (process.env['BENCH_LEDGER_PARTS'] ?? 'recording,summary,export').split(',');
const ROWS_AT_ONCE = 250_000;
const READS = 100;
const LINE_FEED = 10;
const SUMMARY_LIMIT_MS = 200;

type Print = (line: string) => void;

/**
 * The ledger: calls a second into it against a program that inserts the same events from the same stream into one
 * table; the sums of a month; and the export of all entries against PostgreSQL's own COPY, with the memory that it
 * takes.
 */
export async function run(print: Print): Promise<void> {
  const bench = await benchMesh();
  try {
    const operator = apiClient(bench.mesh.file.api, bench.mesh.file.bootstrapKey);
    await operator.put(`/api/v1/organizations/${bench.organizationId}/rate-plans/2020-01-01`, {
      currency: 'USD',
      rate_per_minute_micros: 12_500,
    });
    if (PARTS.includes('recording')) await recording(bench, print);
    if (PARTS.includes('summary') || PARTS.includes('export')) await fill(bench);
    if (PARTS.includes('summary')) await summing(bench, print);
    if (PARTS.includes('export')) await exporting(bench, print);
  } finally {
    await bench.stop();
  }
}

/** The observer stands still while the stream is filled and while the other one reads it. */
async function recording({ mesh, organizationId }: BenchMesh, print: Print): Promise<void> {
  const of = { organizationId, bridgeId: BRIDGE, epoch: randomUUID(), samples: await storedSamples() };
  const nc = await connect({ servers: mesh.file.nats });
  const calls = await callsStream(mesh.file.nats, of);
  const database = await startPostgres({ durable: true });
  const bare = await startMeasured<Request>('call-log-bare.process.js', [mesh.file.nats, database.url]);
  const observer = mesh.billingObserver.pid()!;
  try {
    let rates = { ours: 0, bare: 0 };
    for (const [from, to] of [
      [0, WARM_UP],
      [WARM_UP, WARM_UP + EVENTS],
    ] as const) {
      process.kill(observer, 'SIGSTOP');
      for (let first = from; first < to; first += 1_000)
        await Promise.all(
          Array.from({ length: Math.min(1_000, to - first) }, (_none, nth) => {
            const ended = eventsOf(first + nth, of).at(-1)!;
            return jetstream(nc).publish(ended.subject, JSON.stringify(ended));
          }),
        );
      const theirs = await seconds(() => bare.ask({ ask: 'record', events: to - from }));
      process.kill(observer, 'SIGCONT');
      const ours = await seconds(() => calls.recorded(to));
      rates = { ours: (to - from) / ours, bare: (to - from) / theirs };
    }
    print(
      figure({
        name: 'ledger_recording',
        value: rates.ours,
        unit: 'events/s',
        ratio: rates.ours / rates.bare,
        versus: `bare insert of the same stream, ${Math.round(rates.bare)}/s`,
      }),
    );
  } finally {
    await bare.stop();
    await database.stop();
    await calls.stop();
    await nc.close();
  }
}

const uuidOf = (count: number) => `('10000000-0000-4000-8000-' || lpad((n % ${count})::text, 12, '0'))::uuid`;
const COUNTRIES = "(ARRAY['US', 'DE', 'GB', 'FR', 'ES', 'IT', 'PL', 'NL'])[1 + n % 8]";
/** 20 trunks, 200 numbers, 8 countries, evenly over the month; and the sums of it by the operator's own command. */
const FILL = `
  INSERT INTO ledger_entries (kind, call_id, organization_id, trunk_id, number_id, bridge_id, bridge_epoch,
    record_number, direction, from_number, to_number, country, started_at, answered_at, ended_at, billable_ms,
    billable_seconds, hangup_cause, sip_status, estimated, plan_from, currency, rate_micros, charged_seconds,
    amount_micros, recorded_at)
  SELECT 'call', gen_random_uuid(), $1, ${uuidOf(20)}, ${uuidOf(200)}, 'bench-1', $1, n, 'inbound', '+15559876543',
    '+15551234567', ${COUNTRIES}, at, at, at,
    61000, 61, 'NORMAL_CLEARING', 200, false, '2020-01-01T00:00:00Z', 'USD', 12500, 120, 25000, at
  FROM (SELECT n, '2026-02-01T00:00:00Z'::timestamptz + n * ($4::float8 * interval '1 second') AS at
    FROM generate_series($2::int, $3::int) AS n) AS numbered`;

async function fill({ mesh, organizationId }: BenchMesh): Promise<void> {
  const client = new pg.Client({ connectionString: mesh.billingUrl });
  await client.connect();
  await client.query("SELECT ledger_month('2026-02-01')");
  const apart = (27.9 * 86_400) / ROWS;
  for (let first = 1; first <= ROWS; first += ROWS_AT_ONCE)
    await client.query(FILL, [organizationId, first, Math.min(first + ROWS_AT_ONCE - 1, ROWS), apart]);
  await client.query('VACUUM ANALYZE');
  await client.end();
  const command = join(dirname(fileURLToPath(import.meta.url)), '../../apps/billing-observer/dist/commands/main.js');
  await promisify(execFile)(process.execPath, [command, 'rebuild-usage'], {
    env: { ...process.env, DATABASE_URL: mesh.billingUrl },
  });
}

async function summing({ mesh, adminKey }: BenchMesh, print: Print): Promise<void> {
  const load = httpLoad(mesh.file.api, adminKey, 1);
  for (const by of ['month', 'day', 'number']) {
    const times: number[] = [];
    for (let read = 0; read < READS; read += 1)
      times.push(
        1_000 * (await seconds(() => load.get(`/api/v1/usage/summary?by=${by}&from=2026-02-01&to=2026-02-28`))),
      );
    for (const share of [0.5, 0.99]) {
      const value = percentile(times, share);
      print(
        figure({
          name: `ledger_summary_by_${by}_p${100 * share}`,
          value,
          unit: 'ms',
          ratio: value / SUMMARY_LIMIT_MS,
          versus: `limit of ${SUMMARY_LIMIT_MS} ms, ${ROWS} entries`,
        }),
      );
    }
  }
  load.close();
}

async function exporting({ mesh, organizationId, adminKey }: BenchMesh, print: Print): Promise<void> {
  const range = 'date_from=2026-02-01&date_to=2026-02-28';
  const copy = await copying(mesh.billingUrl, organizationId);
  const memory = { before: await resident(mesh.trunkService.pid()!), most: 0 };
  const [cpu, usedBefore] = [new Map<string, number>(), cpuByProgram()];
  let lines = -1;
  const took = await seconds(async () => {
    // It costs half of what `fetch` does, on the same two cores.
    const asked = get(`${mesh.file.api}/api/v1/usage/records?${range}`, {
      headers: { authorization: `Bearer ${adminKey}`, accept: 'text/csv' },
    });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`the export answered ${response.statusCode}`);
    response.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) lines += 1;
    });
    const watch = async () => {
      memory.most = Math.max(memory.most, await resident(mesh.trunkService.pid()!));
    };
    const watching = setInterval(() => void watch().catch(() => undefined), 200);
    await once(response, 'end').finally(() => clearInterval(watching));
  });
  addUsed(cpu, usedBefore, cpuByProgram());
  print(
    figure({
      name: 'ledger_export',
      value: lines / took,
      unit: 'entries/s',
      ratio: lines / took / copy,
      versus: `COPY … TO of the same entries, ${Math.round(copy)}/s`,
    }),
  );
  print(`# CPU µs of an entry: ${cpuOfEach(cpu, lines / 1_000)}`);
  print(
    figure({
      name: 'ledger_export_memory',
      value: memory.most,
      unit: 'MB',
      ratio: memory.most / memory.before,
      versus: `trunk-service before it, ${Math.round(memory.before)} MB (${lines} entries)`,
    }),
  );
}

/** Rows a second, in the server alone. */
async function copying(url: string, organizationId: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let rows = 0;
  const took = await seconds(async () => {
    const { rowCount } = await client.query(
      `COPY (SELECT * FROM ledger_entries WHERE organization_id = '${organizationId}' AND started_at >= '2026-02-01' AND
        started_at < '2026-03-01' ORDER BY started_at DESC, entry_id DESC) TO '/dev/null' CSV`,
    );
    rows = rowCount ?? 0;
  });
  await client.end();
  return rows / took;
}

async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1_000;
}
