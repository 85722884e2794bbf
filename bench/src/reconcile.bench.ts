import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reconciliation } from '@trunkmesh/contracts/carrier-bill.js';
import pg from 'pg';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { figure } from './figure.js';

/** Entries of the ledger and lines of the file. */
const ROWS = Number(process.env['BENCH_RECONCILE_ROWS'] ?? 1_000_000);
const ROWS_AT_ONCE = 250_000;
const LINES_PER_PIECE = 1_000;
const LIMIT_S = 300;
const GROWTH_LIMIT_MB = 150;
const MONTH = Date.parse('2026-02-01T00:00:00Z');
/** Every so many calls the file has another length, or lacks the call. */
const OTHER_LENGTH = 50;
const MISSING = 100;

/** Without a bound V8 lets a heap grow before it collects, and the figure would say nothing about what is kept. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=160' };

type Print = (line: string) => void;

/**
 * A carrier's file of a month against as many entries of the ledger: how long the upload and the comparison take, and
 * how much memory trunk-service and billing-observer take for it, whatever the number of rows.
 */
export async function run(print: Print): Promise<void> {
  const bench = await benchMesh(SMALL_HEAP);
  try {
    await fill(bench);
    const services = {
      trunk_service: bench.mesh.trunkService.pid()!,
      billing_observer: bench.mesh.billingObserver.pid()!,
    };
    const memory = await watchMemory(services);
    const began = performance.now();
    const { id } = await upload(bench);
    const uploaded = (performance.now() - began) / 1000;
    const found = await compared(bench, id);
    const whole = (performance.now() - began) / 1000;
    check(found);
    const grown = await memory.stop();
    const limit = (LIMIT_S * ROWS) / 1_000_000;
    const rate = (name: string, seconds: number, versus: string) =>
      print(figure({ name, value: ROWS / seconds, unit: 'rows/s', ratio: seconds / limit, versus }));
    rate('reconcile_upload', uploaded, `limit of ${limit} s for ${ROWS} rows, with the comparison`);
    rate('reconcile_comparison', whole - uploaded, `the same limit`);
    for (const [service, { before, most }] of Object.entries(grown))
      print(
        figure({
          name: `reconcile_memory_${service}`,
          value: most - before,
          unit: 'MB',
          ratio: (most - before) / GROWTH_LIMIT_MB,
          versus: `limit of ${GROWTH_LIMIT_MB} MB more than the ${Math.round(before)} MB before it`,
        }),
      );
  } finally {
    await bench.stop();
  }
}

const second = (n: number) => Math.floor((n * 27.9 * 86_400) / ROWS);
const caller = (n: number) => `+1555${String((n * 7_919) % 50_000).padStart(7, '0')}`;
const called = (n: number) => `+1556${String(n % 200).padStart(7, '0')}`;
const FILL = `
  WITH numbered AS MATERIALIZED (SELECT n, nextval('ledger_entry_id') AS entry_id, gen_random_uuid() AS call_id,
      '2026-02-01T00:00:00Z'::timestamptz + floor(n * 27.9 * 86400 / $4::float8) * interval '1 second' AS at
      FROM generate_series($2::int, $3::int) AS n),
    current AS (INSERT INTO ledger_calls SELECT call_id, entry_id, at, false FROM numbered)
  INSERT INTO ledger_entries (entry_id, kind, call_id, organization_id, bridge_id, bridge_epoch, record_number,
    direction, from_number, to_number, country, started_at, answered_at, ended_at, billable_ms, billable_seconds,
    hangup_cause, sip_status, estimated, charged_seconds, amount_micros, recorded_at)
  SELECT entry_id, 'call', call_id, $1, 'bench-1', $1, n, 'inbound',
    '+1555' || lpad(((n::bigint * 7919) % 50000)::text, 7, '0'), '+1556' || lpad((n % 200)::text, 7, '0'), 'US', at, at,
    at + interval '61 s', 61000, 61, 'NORMAL_CLEARING', 200, false, 0, 0, at FROM numbered`;

async function fill({ mesh, organizationId }: BenchMesh): Promise<void> {
  const client = new pg.Client({ connectionString: mesh.billingUrl });
  await client.connect();
  await client.query("SELECT ledger_month('2026-02-01')");
  for (let first = 1; first <= ROWS; first += ROWS_AT_ONCE)
    await client.query(FILL, [organizationId, first, Math.min(first + ROWS_AT_ONCE - 1, ROWS), ROWS]);
  await client.query('VACUUM ANALYZE');
  await client.end();
}

function* lines(): Generator<string> {
  yield 'from,to,start,duration,cost\n';
  let piece = '';
  for (let n = 1; n <= ROWS; n += 1) {
    const at = new Date(MONTH + second(n) * 1000).toISOString();
    const length = n % OTHER_LENGTH === 0 ? 120 : 61;
    if (n % MISSING !== 1) piece += `${caller(n)},${called(n)},${at},${length},0.0125\n`;
    if (n % LINES_PER_PIECE !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function upload({ mesh, adminKey }: BenchMesh): Promise<Reconciliation> {
  const response = await fetch(`${mesh.file.api}/api/v1/usage/reconciliations?format=generic&tolerance_seconds=10`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'text/csv' },
    body: Readable.toWeb(Readable.from(lines()).map((text: string) => Buffer.from(text))) as never,
    duplex: 'half',
  } as RequestInit);
  if (response.status !== 202) throw new Error(`the upload answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Reconciliation;
}

async function compared({ mesh, adminKey }: BenchMesh, id: string): Promise<Reconciliation> {
  for (;;) {
    const response = await fetch(`${mesh.file.api}/api/v1/usage/reconciliations/${id}`, {
      headers: { authorization: `Bearer ${adminKey}` },
    });
    const now = (await response.json()) as Reconciliation;
    if (now.status === 'done') return now;
    if (now.status !== 'matching') throw new Error(`the comparison is ${now.status}: ${now.problem}`);
    await sleep(200);
  }
}

/** What is wrong and fast is worth nothing. */
function check({ groups }: Reconciliation): void {
  const calls = Object.fromEntries(groups.map((group) => [group.kind, group.calls]));
  const all = Array.from({ length: ROWS }, (_none, index) => index + 1);
  const missing = all.filter((n) => n % MISSING === 1).length;
  const differs = all.filter((n) => n % MISSING !== 1 && n % OTHER_LENGTH === 0).length;
  // The first call of the month is before the file's first one.
  const expected = { matched: ROWS - missing - differs, 'only-ours': missing - 1, 'duration-differs': differs };
  for (const [kind, count] of Object.entries(expected))
    if (calls[kind] !== count) throw new Error(`${kind}: ${calls[kind]} instead of ${count} calls`);
}

type Memory = Record<string, { before: number; most: number }>;

async function watchMemory(pids: Record<string, number>): Promise<{ stop(): Promise<Memory> }> {
  const memory: Memory = {};
  for (const [name, pid] of Object.entries(pids)) {
    const before = await resident(pid);
    memory[name] = { before, most: before };
  }
  const look = async () => {
    for (const [name, pid] of Object.entries(pids))
      memory[name]!.most = Math.max(memory[name]!.most, await resident(pid));
  };
  const timer = setInterval(() => void look(), 200);
  return {
    stop: async () => {
      clearInterval(timer);
      await look();
      return memory;
    },
  };
}

/** Megabytes. */
async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
