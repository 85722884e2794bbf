import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { figure, percentile } from './figure.js';
import { httpLoad, rate, type Load } from './http-load.net.js';

const SIZES = (process.env['BENCH_GATEWAYS'] ?? '1000,5000').split(',').map(Number);
const SAMPLES = 15;

/**
 * From the 201 of a new trunk to FreeSWITCH's own word that the gateway is there (`sofia::gateway_add`), with so many
 * gateways present, against one bare rescan of the same configuration on the same FreeSWITCH (aim: rescan + 50 ms). And
 * how many reloads a burst of trunks takes.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await benchMesh();
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, 32);
  const bridge = bench.mesh.bridges[0]!;
  print(`# FreeSWITCH: ${bridge.bridge.freeswitch}`);
  const esl = await EslClient.connect(bridge.bridge.esl.port);
  try {
    await command(esl, `auth ${bridge.bridge.esl.password}`);
    await command(esl, 'event plain CUSTOM sofia::gateway_add');
    let present = 0;
    for (const size of SIZES) {
      const before = await reloads(bench);
      const from = performance.now();
      await burst(load, { from: present, to: size });
      const created = performance.now() - from;
      await untilAdded(bridge.agentDir, esl, size);
      const count = size - present;
      const needed = (await reloads(bench)) - before;
      print(
        figure({
          name: `reloads_for_${count}_trunks`,
          value: needed,
          unit: 'reloads',
          ratio: needed / count,
          versus:
            `one reload a trunk, ${count}; created in ${Math.round(created)} ms, live after ` +
            `${Math.round(performance.now() - from)} ms`,
        }),
      );
      present = size;
      await quiet(bench);
      await measure({ print, load, esl, size });
      present += SAMPLES;
    }
  } finally {
    esl.close();
    load.close();
    await bench.stop();
  }
}

const trunk = (name: string) => ({ name, gateway: '192.0.2.20', register: false });

async function burst(load: Load, { from, to }: { from: number; to: number }): Promise<void> {
  await rate(to - from, 32, (index) => load.post('/api/v1/sip-trunks', trunk(`Burst ${from + index}`)));
}

async function untilAdded(agentDir: string, esl: EslClient, size: number): Promise<void> {
  await eventually(
    async () => {
      esl.frames.length = 0;
      const files = (await readdir(join(agentDir, 'gateways'))).filter((name) => name.endsWith('.xml')).length;
      const status = await command(esl, 'api sofia status');
      const live = (status.match(/::/g) ?? []).length;
      if (files < size || live < size) throw new Error(`${files} files, ${live} gateways of ${size}`);
      return true;
    },
    { timeoutMs: 180_000, intervalMs: 250, message: `${size} gateways` },
  );
}

/** No reload for a second: what is measured next is alone. */
async function quiet(bench: BenchMesh): Promise<void> {
  for (let last = -1, now = await reloads(bench); now !== last; now = await reloads(bench)) {
    last = now;
    await sleep(1_500);
  }
}

async function measure({
  print,
  load,
  esl,
  size,
}: {
  print: (line: string) => void;
  load: Load;
  esl: EslClient;
  size: number;
}): Promise<void> {
  const rescans: number[] = [];
  const added: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    esl.frames.length = 0;
    const bareFrom = performance.now();
    await command(esl, 'api sofia profile external rescan');
    rescans.push(performance.now() - bareFrom);

    esl.frames.length = 0;
    const { id } = (await load.post('/api/v1/sip-trunks', trunk(`Sample ${size}-${sample}`))) as { id: string };
    const from = performance.now();
    await until(
      () => esl.frames.some(({ event }) => event?.some(([name, value]) => name === 'Gateway' && value.startsWith(id))),
      30_000,
    );
    added.push(performance.now() - from);
    await sleep(150);
  }
  const [value, rescan] = [percentile(added, 0.5), percentile(rescans, 0.5)];
  print(
    figure({
      name: `gateway_added_at_${size}`,
      value,
      unit: 'ms',
      ratio: value / (rescan + 50),
      versus:
        `one bare rescan + 50 ms; rescan p50 ${rescan.toFixed(1)} ms, over it ` +
        `${(value - rescan).toFixed(1)} ms, p90 ${percentile(added, 0.9).toFixed(1)} ms (aim <= 1)`,
    }),
  );
}

async function command(esl: EslClient, text: string): Promise<string> {
  const seen = esl.frames.length;
  esl.send(text);
  const reply = await until(
    () =>
      esl.frames
        .slice(seen)
        .find(({ headers }) =>
          headers.some(([name, value]) => name === 'Content-Type' && /api\/response|command\/reply/.test(value)),
        ),
    60_000,
  );
  return reply.body ?? '';
}

async function until<T>(probe: () => T | undefined | false, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error('FreeSWITCH did not answer in time');
    await sleep(1);
  }
}

async function reloads({ mesh }: BenchMesh): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${mesh.store.settings.ports['bridge-1.agent.ops']}/metrics`);
  const text = await response.text();
  const counts = [...text.matchAll(/^trunkmesh_freeswitch_reloads_total\{([^}]*)\} (\d+)/gm)].filter(([, labels]) =>
    /rescan/.test(labels!),
  );
  return counts.reduce((sum, [, , count]) => sum + Number(count), 0);
}
