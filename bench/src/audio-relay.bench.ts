import { startAudioLoad, type Latencies } from './audio-load.net.js';
import { startRelay, type RelayProcess } from './audio-relay.process.js';
import { figure, percentile } from './figure.js';

const SIZES = [50, 150];
/** A process that has just begun runs code that V8 has not compiled yet, and more of it in the engine than in the bare relay. */
const WARM_UP_MS = [6_000, 2_000];
const MEASURED_MS = Number(process.env['BENCH_AUDIO_MS'] ?? 5_000);

interface Measured { calls: number; cpuMs: number; up: number[]; down: number[]; lost: number; rss: number }

/**
 * The agent's audio engine against a bare UDP↔WebSocket relay that does the same conversions and nothing else, each in a process of its own, with the same load: every
 * call sends a frame every 20 ms, and the assistant echoes it at once. Processor time is the relay's alone. Of the engine's latency, up to 20 ms on the way back is the wait
 * for the frame clock, which the bare relay has not: it sends when a message comes, in bursts or not.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bare = await measureAll('audio-bare.child.js');
  const engine = await measureAll('audio-engine.child.js');
  for (const [index, calls] of SIZES.entries()) {
    const ours = engine[index]!, theirs = bare[index]!;
    print(figure({
      name: `audio_cpu_per_call_second_${calls}`, value: ours.cpuMs, unit: 'ms', ratio: ours.cpuMs / theirs.cpuMs, versus: `bare relay, ${theirs.cpuMs.toFixed(2)} ms (aim <= 1.3)`,
    }));
    for (const way of ['up', 'down'] as const) {
      for (const share of [0.5, 0.99]) {
        const value = percentile(ours[way], share), rival = percentile(theirs[way], share);
        print(figure({ name: `audio_latency_${way}_p${share * 100}_${calls}`, value, unit: 'ms', ratio: value / rival, versus: `bare relay, ${rival.toFixed(2)} ms${way === 'down' ? ' (aim <= 21 ms more)' : ''}` }));
      }
    }
    if (ours.lost > 0) print(`# ${ours.lost} frames had not come back at the end of the measurement with ${calls} calls`);
  }
  const [few, many] = [engine[0]!, engine.at(-1)!];
  const perCall = (many.rss - few.rss) / (many.calls - few.calls) / 1_048_576;
  print(figure({ name: 'audio_memory_per_call', value: perCall, unit: 'MB', ratio: perCall / 0.5, versus: 'aim <= 0.5 MB' }));
}

/** One size after the other in the same process: calls are added to those that are there. */
async function measureAll(name: Parameters<typeof startRelay>[0]): Promise<Measured[]> {
  const load = await startAudioLoad();
  const relay: RelayProcess = startRelay(name);
  try {
    const results: Measured[] = [];
    for (const [index, calls] of SIZES.entries()) {
      await load.attach(await relay.open(load.url, calls - (results.at(-1)?.calls ?? 0)));
      await load.measure(WARM_UP_MS[index]!);
      const before = await relay.cpuMs();
      const began = performance.now();
      const seen: Latencies = await load.measure(MEASURED_MS);
      const seconds = (performance.now() - began) / 1_000;
      const cpuMs = (await relay.cpuMs() - before) / (calls * seconds);
      results.push({ calls, cpuMs, up: seen.up, down: seen.down, lost: Math.max(0, seen.sent - seen.heard - calls * 3), rss: await relay.memory() });
    }
    return results;
  } finally {
    await load.stop();
    await relay.stop();
  }
}
