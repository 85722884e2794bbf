import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startMeasured } from './child.process.js';
import { figure } from './figure.js';
import type { Request } from './statuses.process.js';

const CALLS = Number(process.env['BENCH_STATUS_CALLS'] ?? 25_000);
const STATUSES = 4 * CALLS;

/**
 * Statuses of calls that wait at an endpoint that is away, and go out when it is back: the agent's outbox, which has
 * them on disk, against a program that has them in memory. The endpoint answers 204 at once.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const ours = await measure('outbox');
  const bare = await measure('bare');
  print(
    figure({
      name: 'statuses_memory_per_waiting',
      value: ours.heap,
      unit: 'bytes',
      ratio: ours.heap / bare.heap,
      versus: `their texts in memory, ${Math.round(bare.heap)} bytes`,
    }),
  );
  print(
    figure({
      name: 'statuses_delivered',
      value: ours.rate,
      unit: 'statuses/s',
      ratio: ours.rate / bare.rate,
      versus: `signed and posted from memory, ${Math.round(bare.rate)}/s`,
    }),
  );
}

async function measure(which: 'outbox' | 'bare'): Promise<{ heap: number; rate: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-bench-'));
  const port = await freePort();
  const child = await startMeasured<Request>('statuses.process.js', [
    which,
    `http://127.0.0.1:${port}/sip-status`,
    folder,
  ]);
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(204).end();
    });
  });
  try {
    const heap = await child.ask({ ask: 'tell', calls: CALLS });
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    const from = performance.now();
    await child.ask({ ask: 'deliver' });
    return { heap: heap / STATUSES, rate: STATUSES / ((performance.now() - from) / 1_000) };
  } finally {
    await child.stop();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
