import { setTimeout as sleep } from 'node:timers/promises';
import { openRtpPeer, type RtpPeer } from '@trunkmesh/testkit/rtp/rtp-peer.net.js';
import type { SipLine } from '@trunkmesh/testkit/sip/sip-line.js';
import { answeringMesh, type AnsweringMesh } from './answered-calls.process.js';
import { addUsed, cpuByProgram, cpuOfEach } from './cpu-by-program.fs.js';
import { figure, percentile } from './figure.js';

const CALLS = Number(process.env['BENCH_CALLS'] ?? 50);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 8);
/** Each call is read twice in it. */
const ROUND_MS = 10_000;
/** FreeSWITCH takes no more than thirty new calls a second as it is configured. */
const APART_MS = 100;
const AIM = 1.03;
const MEASURED = ['freeswitch', 'bridge-agent'];

type State = 'on' | 'off';
type Used = Map<string, number>;

/**
 * What reading the quality of calls in progress costs on a real FreeSWITCH: CPU of FreeSWITCH and agent for a second of
 * a call with audio, with and without, in turns, while the same calls go on.
 */
export async function run(print: (line: string) => void): Promise<void> {
  if (!process.env['FREESWITCH']) return print('# not run: FREESWITCH names no binary, and a stand-in has no cost');
  const switchUrl = new URL('./sampling-switch.process.js', import.meta.url).href;
  const mesh = await answeringMesh({ NODE_OPTIONS: `--import ${switchUrl}` });
  const calls: { line: SipLine; peer: RtpPeer }[] = [];
  try {
    for (let nth = 0; nth < CALLS; nth += 1) {
      calls.push(await talking(mesh));
      await sleep(APART_MS);
    }
    for (const line of compared(await inTurns(mesh))) print(line);
    const heard = calls.filter(({ peer }) => peer.heard.length > 0).length;
    if (heard < CALLS) print(`# ${CALLS - heard} of ${CALLS} calls had no audio`);
  } finally {
    await Promise.allSettled(calls.map(({ line }) => line.hangUp()));
    await Promise.allSettled(calls.map(({ peer }) => peer.close()));
    await mesh.stop();
  }
}

async function talking(mesh: AnsweringMesh): Promise<{ line: SipLine; peer: RtpPeer }> {
  const peer = await openRtpPeer();
  const codecs = [{ payloadType: 0, name: 'PCMU' }];
  const line = await mesh.call({ address: peer.address, port: peer.port, codecs });
  const [, address] = /^c=IN IP4 (\S+)/m.exec(line.description)!;
  const [, port] = /^m=audio (\d+)/m.exec(line.description)!;
  peer.sendTo(address!, Number(port));
  return { line, peer };
}

async function inTurns({ mesh }: AnsweringMesh): Promise<Record<State, Used[]>> {
  const rounds: Record<State, Used[]> = { on: [], off: [] };
  let is: State = 'on';
  const round = async (state: State) => {
    if (state !== is) process.kill(mesh.bridges[0]!.agent.pid()!, 'SIGUSR2');
    is = state;
    const [used, before] = [new Map<string, number>(), cpuByProgram()];
    await sleep(ROUND_MS);
    addUsed(used, before, cpuByProgram());
    return used;
  };
  await round('on');
  for (let nth = 0; nth < ROUNDS; nth += 1)
    for (const state of nth % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const))
      rounds[state].push(await round(state));
  return rounds;
}

function compared({ on, off }: Record<State, Used[]>): string[] {
  const seconds = (CALLS * ROUND_MS) / 1_000;
  const each = (used: Used) => MEASURED.reduce((sum, name) => sum + (used.get(name) ?? 0), 0) / seconds;
  const ratios = on.map((used, nth) => each(used) / each(off[nth]!)).sort((a, b) => a - b);
  const middle = (rounds: Used[]) => percentile(rounds.map(each), 0.5);
  const programs = (rounds: Used[]) => {
    const sum: Used = new Map();
    for (const used of rounds) addUsed(sum, new Map(), used);
    return cpuOfEach(new Map([...sum].filter(([name]) => MEASURED.includes(name))), seconds * rounds.length);
  };
  const spread = `${ratios[0]!.toFixed(3)} to ${ratios.at(-1)!.toFixed(3)} in ${ratios.length} pairs`;
  const ratio = percentile(ratios, 0.5);
  return [
    figure({
      name: 'quality_samples_cpu',
      value: middle(on),
      unit: 'ms/call-second',
      ratio,
      versus: `without samples, ${middle(off).toFixed(2)} ms (aim <= ${AIM}); ${spread}, median ${ratio.toFixed(3)}`,
    }),
    `# with: ${programs(on)}; without: ${programs(off)}; ${CALLS} calls with audio`,
  ];
}
