import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { NatsConnection } from '@nats-io/transport-node';
import { percentile } from './figure.js';

const LOOKUPS = Number(process.env['BENCH_LOOKUPS'] ?? 100_000);
export const IN_FLIGHT = 256;

/** The line with which a child process says that it is ready. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => {
      throw new Error('a rival ended without a word');
    }),
  ])) as [string];
  lines.close();
  child.stdout!.resume();
  return line;
}

export interface Measure {
  rate: number;
  p99: number;
}

export async function measure(nc: NatsConnection, subject: string, payloads: readonly string[]): Promise<Measure> {
  const latencies = new Float64Array(LOOKUPS);
  let next = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (next < LOOKUPS) {
        const at = next;
        next += 1;
        const began = performance.now();
        await nc.request(subject, payloads[at % payloads.length]!, { timeout: 30_000 });
        latencies[at] = performance.now() - began;
      }
    }),
  );
  return { rate: LOOKUPS / ((performance.now() - from) / 1_000), p99: percentile([...latencies], 0.99) };
}

/** The round whose rate is the median. */
export const middle = (measures: readonly Measure[]): Measure =>
  [...measures].sort((a, b) => a.rate - b.rate)[measures.length >> 1]!;
