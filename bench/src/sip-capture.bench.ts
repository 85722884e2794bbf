import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';
import { answeringMesh, type AnsweringMesh } from './answered-calls.process.js';
import { addUsed, cpuByProgram, cpuOfEach } from './cpu-by-program.fs.js';
import { figure, percentile } from './figure.js';

const PER_SECOND = Number(process.env['BENCH_CALLS_PER_SECOND'] ?? 20);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 8);
const ROUND_SECONDS = Number(process.env['BENCH_ROUND_SECONDS'] ?? 8);
const TALK_MS = Number(process.env['BENCH_TALK_MS'] ?? 1_000);
/** The agent publishes what it has captured every two seconds: its CPU belongs to the round. */
const SETTLE_MS = 3_000;
/** A ratio of 1.03 is the aim. */
const AIM = 1.03;
/** What captures: who sends a copy of each message, and who takes it. */
const MEASURED = ['freeswitch', 'bridge-agent'];

interface Round {
  cpu: Map<string, number>;
  calls: number;
  seconds: number;
}

/**
 * What SIP capture costs on a real FreeSWITCH: CPU of FreeSWITCH and agent for each call, and calls a second, with and
 * without. The same processes take turns, with FreeSWITCH's capture on and off, so that both see the same machine.
 */
export async function run(print: (line: string) => void): Promise<void> {
  if (!process.env['FREESWITCH']) return print('# not run: FREESWITCH names no binary, and a stand-in has no cost');
  const bench = await answeringMesh();
  const esl = await connected(bench);
  try {
    const rounds = { on: [] as Round[], off: [] as Round[] };
    await round(bench, esl, 'on');
    for (let nth = 0; nth < ROUNDS; nth += 1)
      // First and second in turns: the machine may become slower or faster all the time.
      for (const state of nth % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const))
        rounds[state].push(await round(bench, esl, state));
    for (const line of compared(rounds)) print(line);
  } finally {
    esl.close();
    await bench.stop();
  }
}

function compared({ on, off }: Record<'on' | 'off', Round[]>): string[] {
  const ratios = on.map((each, nth) => perCall(each) / perCall(off[nth]!)).sort((a, b) => a - b);
  const ratio = percentile(ratios, 0.5);
  const of = (rounds: Round[]) => {
    const used = new Map<string, number>();
    for (const { cpu } of rounds) addUsed(used, new Map(), cpu);
    return cpuOfEach(new Map([...used].filter(([name]) => MEASURED.includes(name))), callsOf(rounds));
  };
  const rate = (rounds: Round[]) => callsOf(rounds) / rounds.reduce((sum, { seconds }) => sum + seconds, 0);
  const spread = `${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)} in ${ratios.length} pairs`;
  return [
    figure({
      name: 'sip_capture_cpu',
      value: mean(on.map(perCall)),
      unit: 'ms/call',
      ratio,
      versus: `without capture, ${mean(off.map(perCall)).toFixed(2)} ms (aim <= ${AIM}); ${spread}`,
    }),
    `# with: ${of(on)}; without: ${of(off)}; calls of ${TALK_MS} ms at ${PER_SECOND}/s`,
    figure({
      name: 'sip_capture_calls',
      value: rate(on),
      unit: 'calls/s',
      ratio: rate(on) / rate(off),
      versus: `without capture, ${rate(off).toFixed(1)}/s`,
    }),
  ];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const callsOf = (rounds: readonly Round[]) => rounds.reduce((sum, { calls }) => sum + calls, 0);
const perCall = ({ cpu, calls }: Round) => MEASURED.reduce((sum, name) => sum + (cpu.get(name) ?? 0), 0) / calls;

async function round(bench: AnsweringMesh, esl: EslClient, state: 'on' | 'off'): Promise<Round> {
  await capturing(esl, state);
  const before = cpuByProgram();
  const from = performance.now();
  const running: Promise<void>[] = [];
  for (let nth = 0; nth < ROUND_SECONDS * PER_SECOND; nth += 1) {
    await sleep(Math.max(0, from + (nth * 1_000) / PER_SECOND - performance.now()));
    running.push(call(bench));
  }
  await Promise.all(running);
  const seconds = (performance.now() - from) / 1_000;
  await sleep(SETTLE_MS);
  const cpu = new Map<string, number>();
  addUsed(cpu, before, cpuByProgram());
  return { cpu, calls: running.length, seconds };
}

async function call(bench: AnsweringMesh): Promise<void> {
  const line = await bench.call();
  await sleep(TALK_MS);
  await line.hangUp();
}

async function connected({ mesh }: AnsweringMesh): Promise<EslClient> {
  const { port, password } = mesh.bridges[0]!.bridge.esl;
  const esl = await EslClient.connect(port);
  esl.send(`auth ${password}`);
  return esl;
}

async function capturing(esl: EslClient, state: 'on' | 'off'): Promise<void> {
  const known = esl.frames.length;
  esl.send(`api sofia profile external capture ${state}`);
  await eventually(
    () => {
      const body = esl.frames.slice(known).find((frame) => frame.body !== undefined)?.body;
      if (!body?.toLowerCase().includes('capturing')) throw new Error(`FreeSWITCH answered: ${body ?? 'nothing'}`);
      return Promise.resolve(true);
    },
    { timeoutMs: 5_000, intervalMs: 20, message: `capture to be ${state}` },
  );
}
