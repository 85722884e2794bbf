import { noLatencies, AudioLoad, type Latencies } from './audio-load.net.js';
import { startRelay, type RelayProcess } from './audio-relay.process.js';
import { figure, percentile } from './figure.js';

const SIZES = [50, 150];
/**
 * A process that has just begun runs code that V8 has not compiled yet, and more of it in the engine than in the bare
 * relay.
 */
const WARM_UP_MS = [5_000, 1_500];
const WINDOW_MS = Number(process.env['BENCH_AUDIO_MS'] ?? 1_500);
const ROUNDS = 4;

interface Subject {
  relay: RelayProcess;
  load: AudioLoad;
}
interface Measured {
  cpuMs: number;
  seen: Latencies;
}

/**
 * The agent's audio engine against a bare UDP↔WebSocket relay that does the same conversions and nothing else, each in
 * a process of its own and with the same load: every call sends a frame every 20 ms, and the assistant echoes it at
 * once. They take turns of a few seconds, and the other one is held meanwhile, so that both see the same machine.
 * Processor time is the relay's alone. Of the engine's latency, up to 20 ms on the way back is the wait for the frame
 * clock, which the bare relay does without: it sends when a message comes.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bare: Subject = { relay: startRelay('audio-bare.process.js'), load: await AudioLoad.start() };
  const engine: Subject = { relay: startRelay('audio-engine.process.js'), load: await AudioLoad.start() };
  try {
    const memory: number[] = [];
    for (const [index, calls] of SIZES.entries()) {
      const more = calls - (SIZES[index - 1] ?? 0);
      for (const subject of [bare, engine]) await prepare(subject, more, WARM_UP_MS[index]!);
      const [theirs, ours] = [await nothingYet(), await nothingYet()];
      for (let round = 0; round < ROUNDS; round += 1) {
        await measure(bare, theirs);
        await measure(engine, ours);
      }
      report(print, calls, ours, theirs);
      engine.relay.goOn();
      memory.push(await engine.relay.memory());
      engine.relay.hold();
    }
    const perCall = (memory[1]! - memory[0]!) / (SIZES[1]! - SIZES[0]!) / 1_048_576;
    print(
      figure({
        name: 'audio_memory_per_call',
        value: perCall,
        unit: 'MB',
        ratio: perCall / 0.5,
        versus: 'aim <= 0.5 MB',
      }),
    );
  } finally {
    for (const { relay, load } of [bare, engine]) {
      await relay.stop();
      await load.stop();
    }
  }
}

const nothingYet = (): Measured => ({ cpuMs: 0, seen: noLatencies() });

async function prepare({ relay, load }: Subject, calls: number, warmUpMs: number): Promise<void> {
  relay.goOn();
  await load.attach(await relay.open(load.url, calls));
  await load.speak(warmUpMs);
  await load.settle();
  relay.hold();
}

async function measure({ relay, load }: Subject, to: Measured): Promise<void> {
  relay.goOn();
  // What stood still has its late timers behind it.
  await load.speak(WINDOW_MS / 3);
  const before = await relay.cpuMs();
  await load.speak(WINDOW_MS, to.seen);
  to.cpuMs += (await relay.cpuMs()) - before;
  await load.settle();
  relay.hold();
}

function report(print: (line: string) => void, calls: number, ours: Measured, theirs: Measured): void {
  // By the frames that went through: on a machine that cannot keep up, fewer do.
  const perCallSecond = ({ cpuMs, seen }: Measured) => (cpuMs * 50) / seen.carried;
  print(
    figure({
      name: `audio_cpu_per_call_second_${calls}`,
      value: perCallSecond(ours),
      unit: 'ms',
      ratio: perCallSecond(ours) / perCallSecond(theirs),
      versus: `bare relay, ${perCallSecond(theirs).toFixed(2)} ms (aim <= 1.3)`,
    }),
  );
  for (const way of ['up', 'down'] as const) {
    for (const share of [0.5, 0.99]) {
      const value = percentile(ours.seen[way], share),
        rival = percentile(theirs.seen[way], share);
      print(
        figure({
          name: `audio_latency_${way}_p${share * 100}_${calls}`,
          value,
          unit: 'ms',
          ratio: value / rival,
          versus: `bare relay, ${rival.toFixed(2)} ms${way === 'down' ? ' (aim <= 21 ms more)' : ''}`,
        }),
      );
    }
  }
  const lost = ours.seen.sent - ours.seen.heard;
  if (lost > 0) print(`# ${lost} of ${ours.seen.sent} frames of ${calls} calls had not come back in time`);
}
