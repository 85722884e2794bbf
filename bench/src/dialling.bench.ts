import { setTimeout as sleep } from 'node:timers/promises';
import { startAssistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { gatewayName } from '@trunkmesh/contracts/trunk.js';
import { startAnsweringCarrier, type AnsweringCarrier } from './answering-carrier.process.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { addUsed, cpuByProgram, cpuOfEach } from './cpu-by-program.fs.js';
import { figure, percentile } from './figure.js';
import { CALL_SECONDS, CALLEE_ADDRESS, firstFrames, type Heard } from './first-frames.net.js';
import { openHangUps, type HangUps } from './hang-ups.net.js';
import { httpLoad } from './http-load.net.js';
import { inboundFirstFrames } from './inbound-frames.net.js';

const IN_FLIGHT = Number(process.env['BENCH_IN_FLIGHT'] ?? 100);
const ROUNDS = 2;
const ROUND_SECONDS = Number(process.env['BENCH_DIAL_SECONDS'] ?? 24) / ROUNDS;
const WARM_SECONDS = 4;
/** The carrier counts once a second. */
const COUNTED_MS = 1_500;
const CALLS_HEARD = 200;
const FEW = 10;
const FROM = '+15550100001';
const HEARD_FROM = '+15550100002';

/**
 * Outbound calls on a real FreeSWITCH. How many a second `POST /api/v1/calls` gets answered, against FreeSWITCH's own
 * `originate` on the same FreeSWITCH to the same carrier with as many in flight, by the carrier's count; they take
 * turns. And the time from the 200 to the assistant's first frame in the call: outbound with few calls and at half of
 * that rate, and inbound.
 */
export async function run(print: (line: string) => void): Promise<void> {
  if (!process.env['FREESWITCH'])
    return print('# not run: this needs a real FreeSWITCH. Set FREESWITCH to the path of its binary.');
  const stops: (() => Promise<void> | void)[] = [];
  try {
    const bench = await benchMesh();
    stops.unshift(() => bench.stop());
    const assistant = await startAssistant();
    stops.unshift(() => assistant.stop());
    const carrier = await startAnsweringCarrier('127.0.0.93');
    stops.unshift(() => carrier.stop());
    const hangUps = await openHangUps(bench.mesh.bridges[0]!.bridge.esl);
    stops.unshift(() => hangUps.close());
    const sustained = await dialledRate(bench, { carrier, hangUps, print });
    const [few, half] = await firstFrames(bench, assistant, {
      calls: CALLS_HEARD,
      together: [FEW, Math.max(1, Math.round((sustained / 2) * CALL_SECONDS))],
      numberOn: (gateway) => addNumber(bench, gateway, HEARD_FROM),
    });
    printFrames('first_frame', few!, print);
    printFrames('first_frame_at_half_rate', half!, print);
    const number = HEARD_FROM.slice(1);
    const target = bench.mesh.bridges[0]!.bridge.sip;
    const inbound = await inboundFirstFrames({ calls: CALLS_HEARD, target, address: CALLEE_ADDRESS, number });
    printFrames('inbound_first_frame', inbound, print);
  } finally {
    for (const stop of stops) await stop();
  }
}

function printFrames(name: string, { tookMs, callsPerSecond }: Heard, print: (line: string) => void): void {
  for (const share of [0.5, 0.99]) {
    const value = percentile(tookMs, share);
    const rate = `${callsPerSecond.toFixed(1)} calls/s`;
    const versus = `aim <= 60 ms from the 200; ${tookMs.length} of ${CALLS_HEARD} calls heard, ${rate}`;
    print(figure({ name: `${name}_p${share * 100}`, value, unit: 'ms', ratio: value / 60, versus }));
  }
}

interface Rate {
  carrier: AnsweringCarrier;
  hangUps: HangUps;
  print: (line: string) => void;
}

/** Calls a second. */
async function dialledRate(bench: BenchMesh, { carrier, hangUps, print }: Rate): Promise<number> {
  const trunk = await addNumber(bench, carrier.gateway, FROM);
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, IN_FLIGHT);
  const api = () =>
    load.post('/api/v1/calls', { from_phone_number: FROM, to_phone_number: nextNumber() }).then(() => undefined);
  const gateway = gatewayName({ id: trunk.id, gateway_revision: trunk.gateway_revision ?? 1 });
  const originate = () => Promise.resolve(hangUps.originate(gateway, nextNumber()));
  try {
    await eventually(() => api().then(() => true), { timeoutMs: 30_000, message: 'a call to be accepted' });
    for (const dial of [originate, api]) await answeredRate(dial, { carrier, hangUps, seconds: WARM_SECONDS });
    const [ours, theirs] = [nothingYet(), nothingYet()];
    for (let round = 0; round < ROUNDS; round += 1) {
      add(theirs, await answeredRate(originate, { carrier, hangUps, seconds: ROUND_SECONDS }));
      add(ours, await answeredRate(api, { carrier, hangUps, seconds: ROUND_SECONDS }));
    }
    const [value, rival] = [ours.answered / ours.seconds, theirs.answered / theirs.seconds];
    const versus =
      `FreeSWITCH's own originate, ${rival.toFixed(1)}/s (aim >= 0.8); ${IN_FLIGHT} in flight, calls of a second; ` +
      `${ours.failed} failed at the carrier, ${ours.refused} refused`;
    print(figure({ name: 'dialled_calls', value, unit: 'calls/s', ratio: value / rival, versus }));
    print(`# CPU ms of a call by the API: ${cpuOfEach(ours.cpu, ours.answered)}`);
    print(`# CPU ms of a call by FreeSWITCH's own originate: ${cpuOfEach(theirs.cpu, theirs.answered)}`);
    print(freeSwitchAlone(ours, theirs));
    return value;
  } finally {
    load.close();
  }
}

/** What FreeSWITCH itself uses: the limit of a host that has other cores for the services. */
function freeSwitchAlone(ours: Counted, theirs: Counted): string {
  const [value, rival] = [ours, theirs].map(({ cpu, answered }) => (cpu.get('freeswitch') ?? Number.NaN) / answered);
  return figure({
    name: 'dialled_freeswitch_cpu',
    value: value!,
    unit: 'ms/call',
    ratio: value! / rival!,
    versus: `what its own originate takes in FreeSWITCH, ${rival!.toFixed(1)} ms`,
  });
}

const nothingYet = () => ({ answered: 0, failed: 0, refused: 0, seconds: 0, cpu: new Map<string, number>() });
type Counted = ReturnType<typeof nothingYet>;

function add(to: Counted, { answered, failed, refused, seconds, cpu }: Counted): void {
  to.answered += answered;
  to.failed += failed;
  to.refused += refused;
  to.seconds += seconds;
  addUsed(to.cpu, new Map(), cpu);
}

let numbers = 0;
const nextNumber = () => `+1555987${String(numbers++ % 10_000).padStart(4, '0')}`;

interface Load {
  carrier: AnsweringCarrier;
  hangUps: HangUps;
  seconds: number;
}

/** A new call for each that ended, then none until all are over. */
async function answeredRate(dial: () => Promise<void>, { carrier, hangUps, seconds }: Load): Promise<Counted> {
  const cpu = new Map<string, number>();
  let [inFlight, refused, over] = [0, 0, false];
  const fill = () => {
    for (; !over && inFlight < IN_FLIGHT; inFlight += 1) dial().catch(refuse);
  };
  const refuse = () => {
    refused += 1;
    setTimeout(freed, 100);
  };
  const freed = () => {
    inFlight -= 1;
    fill();
  };
  hangUps.onHangUp = freed;
  fill();
  // The first calls all begin at once, which no later ones do.
  await sleep(COUNTED_MS + 1_000);
  const [before, usedBefore] = [await carrier.count(), cpuByProgram()];
  await sleep(seconds * 1_000);
  const after = await carrier.count();
  addUsed(cpu, usedBefore, cpuByProgram());
  over = true;
  await eventually(() => inFlight <= 0, { timeoutMs: 15_000, message: 'the last calls to end' }).catch(() => undefined);
  await sleep(COUNTED_MS);
  hangUps.onHangUp = undefined;
  return {
    answered: after.answered - before.answered,
    failed: after.failed - before.failed,
    refused,
    seconds: after.atSeconds - before.atSeconds,
    cpu,
  };
}

interface BenchTrunk {
  id: string;
  gateway_revision?: number;
}

/** A trunk by address, and a number of its own on it. */
async function addNumber(bench: BenchMesh, gateway: string, phone_number: string): Promise<BenchTrunk> {
  const api = apiClient(bench.mesh.file.api, bench.adminKey);
  const trunk = await api.post<BenchTrunk>('/api/v1/sip-trunks', { name: gateway, gateway, register: false });
  await eventually(
    async () =>
      (await api.get<{ verdict: string }>(`/api/v1/sip-trunks/${trunk.id}/status`)).verdict === 'live' || undefined,
    { timeoutMs: 30_000, message: 'the trunk to be live' },
  );
  await api.post('/api/v1/phone-numbers', { phone_number, sip_trunk_id: trunk.id, assistant_id: 17 });
  return trunk;
}
