import { setTimeout as sleep } from 'node:timers/promises';
import { startAssistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { gatewayName } from '@trunkmesh/contracts/trunk.js';
import { startAnsweringCarrier, type AnsweringCarrier } from './answering-carrier.process.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { figure, percentile } from './figure.js';
import { firstFrames } from './first-frames.net.js';
import { openHangUps, type HangUps } from './hang-ups.net.js';
import { httpLoad } from './http-load.net.js';

const IN_FLIGHT = Number(process.env['BENCH_IN_FLIGHT'] ?? 100);
const ROUNDS = 2;
const ROUND_SECONDS = Number(process.env['BENCH_DIAL_SECONDS'] ?? 24) / ROUNDS;
const WARM_SECONDS = 4;
/** The carrier counts once a second. */
const COUNTED_MS = 1_500;
const CALLS_HEARD = 200;
const FROM = '+15550100001';
const HEARD_FROM = '+15550100002';

/**
 * Outbound calls on a real FreeSWITCH. How many a second `POST /api/v1/calls` gets answered, against FreeSWITCH's own
 * `originate` on the same FreeSWITCH to the same carrier with as many in flight, by the carrier's count; they take
 * turns. And the time from the called party's 200 to the assistant's first frame in the call.
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
    await dialledRate(bench, { carrier, hangUps, print });
    const heard = await firstFrames(bench, assistant, {
      calls: CALLS_HEARD,
      numberOn: (gateway) => addNumber(bench, gateway, HEARD_FROM),
    });
    for (const share of [0.5, 0.99]) {
      const value = percentile(heard, share);
      const versus = `aim <= 60 ms from the 200; ${heard.length} of ${CALLS_HEARD} calls heard, 10 at once`;
      print(figure({ name: `first_frame_p${share * 100}`, value, unit: 'ms', ratio: value / 60, versus }));
    }
  } finally {
    for (const stop of stops) await stop();
  }
}

interface Rate {
  carrier: AnsweringCarrier;
  hangUps: HangUps;
  print: (line: string) => void;
}

async function dialledRate(bench: BenchMesh, { carrier, hangUps, print }: Rate): Promise<void> {
  const trunk = await addNumber(bench, carrier.gateway, FROM);
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, IN_FLIGHT);
  const api = () =>
    load.post('/api/v1/calls', { from_phone_number: FROM, to_phone_number: nextNumber() }).then(() => undefined);
  const gateway = gatewayName({ id: trunk.id, gateway_revision: trunk.gateway_revision ?? 1 });
  const originate = () => Promise.resolve(hangUps.originate(gateway, nextNumber()));
  try {
    await eventually(() => api().then(() => true), { timeoutMs: 30_000, message: 'a call to be accepted' });
    const [ours, theirs] = [[] as number[], [] as number[]];
    let [failed, refused] = [0, 0];
    for (const dial of [originate, api]) await answeredRate(dial, { carrier, hangUps, seconds: WARM_SECONDS });
    for (let round = 0; round < ROUNDS; round += 1) {
      theirs.push((await answeredRate(originate, { carrier, hangUps, seconds: ROUND_SECONDS })).rate);
      const mine = await answeredRate(api, { carrier, hangUps, seconds: ROUND_SECONDS });
      ours.push(mine.rate);
      failed += mine.failed;
      refused += mine.refused;
    }
    const [value, rival] = [mean(ours), mean(theirs)];
    const versus =
      `FreeSWITCH's own originate, ${rival.toFixed(1)}/s (aim >= 0.8); ${IN_FLIGHT} in flight, calls of a second; ` +
      `${failed} failed at the carrier, ${refused} refused`;
    print(figure({ name: 'dialled_calls', value, unit: 'calls/s', ratio: value / rival, versus }));
  } finally {
    load.close();
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

let numbers = 0;
const nextNumber = () => `+1555987${String(numbers++ % 10_000).padStart(4, '0')}`;

interface Load {
  carrier: AnsweringCarrier;
  hangUps: HangUps;
  seconds: number;
}

/** A new call for each that ended, then none until all are over. */
async function answeredRate(dial: () => Promise<void>, { carrier, hangUps, seconds }: Load) {
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
  const before = await carrier.count();
  await sleep(seconds * 1_000);
  const after = await carrier.count();
  over = true;
  await eventually(() => inFlight <= 0, { timeoutMs: 15_000, message: 'the last calls to end' }).catch(() => undefined);
  await sleep(COUNTED_MS);
  hangUps.onHangUp = undefined;
  const rate = (after.answered - before.answered) / (after.atSeconds - before.atSeconds);
  return { rate, failed: after.failed - before.failed, refused };
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
