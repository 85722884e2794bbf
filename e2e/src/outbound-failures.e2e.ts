import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { calleeFor, type MeshCallee } from '@trunkmesh/testkit/mesh/callees.net.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';
import { seeded } from './random.js';

/** Outbound calls while each service is killed: none is dialled twice, none is lost. */
const SEED = Number(process.env['E2E_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env['E2E_OUTBOUND_ROUNDS'] ?? 6);
const CALLS_PER_SECOND = 5;
const FROM = '+15550108401';
const FINAL = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled', 'transferred']);

let test: TestMesh;
let assistant: Assistant;
let org: Organization;
let callee: MeshCallee;

beforeAll(async () => {
  [test, assistant] = await Promise.all([testMesh(), startAssistant()]);
  org = await test.organization('Example Dental');
  await org.api.patch(`/api/v1/organizations/${org.id}`, {
    status_url: assistant.statusUrl,
    signing_secret: "the organisation's signing secret",
  });
  callee = await calleeFor(test.mesh.bridges[0]!, 3);
  await callee.will(ANSWERS);
  const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
    name: 'carrier',
    gateway: callee.gateway,
    register: false,
  });
  await untilLive(org, trunk);
  await addNumber(org, trunk, FROM);
  await eventually(async () => (await place('+15559860000')) !== undefined, {
    timeoutMs: 20_000,
    intervalMs: 250,
    message: 'the number to be known',
  });
}, 120_000);
afterAll(async () => {
  await test?.stop();
  await Promise.all([assistant?.stop(), callee?.close()]);
});

const ANSWERS = { outcome: 'answer', ringMs: 150, hangUpAfterMs: 600 } as const;

/** Why the others were not accepted. */
const refusals = new Map<string, number>();

/** The sid of a call that was accepted; undefined where it was not, or nobody knows. */
async function place(to_phone_number: string): Promise<string | undefined> {
  const asked = { from_phone_number: FROM, to_phone_number };
  const answer = await org.api.request('POST', '/api/v1/calls', asked).catch(() => undefined);
  if (answer?.status === 201) return (answer.json as { call_sid: string }).call_sid;
  const { code = 'no answer' } = (answer?.json ?? {}) as { code?: string };
  refusals.set(code, (refusals.get(code) ?? 0) + 1);
  return undefined;
}

const finalsOf = (sid: string) =>
  assistant.statuses
    .map(({ body }) => body as unknown as CallStatusBody)
    .filter(({ call_sid, status }) => call_sid === sid && FINAL.has(status));

it(`kill -9 of each service, ${ROUNDS} rounds, ${CALLS_PER_SECOND} calls a second (E2E_SEED=${SEED})`, async () => {
  const random = seeded(SEED);
  const { trunkService, routingService, nats, postgres } = test.mesh;
  const [bridge] = test.mesh.bridges;
  const victims = [
    { name: 'agent', it: bridge!.agent },
    { name: 'trunk-service', it: trunkService },
    { name: 'FreeSWITCH', it: bridge!.freeswitch },
    { name: 'routing-service', it: routingService },
    { name: 'nats-server', it: { kill: () => nats!.halt('SIGKILL'), start: () => nats!.start() } },
    { name: 'PostgreSQL', it: { kill: () => postgres!.halt('SIGKILL'), start: () => postgres!.start() } },
  ];
  const accepted = new Map<string, string>();
  const dialled: string[] = [];
  const requests: Promise<void>[] = [];
  let calls = 0;
  let running = true;
  const load = (async () => {
    while (running) {
      calls += 1;
      const to = `+1555985${String(calls).padStart(4, '0')}`;
      const request = place(to).then((sid) => {
        if (sid !== undefined) accepted.set(sid, to);
      });
      requests.push(request);
      await pause(1_000 / CALLS_PER_SECOND);
    }
  })();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { name, it: victim } = round < victims.length ? victims[round]! : random.pick(victims);
    await pause(300 + random.below(900));
    // A stand-in forgets what it dialled; the far side of a real FreeSWITCH does not.
    if (name === 'FreeSWITCH' && bridge!.bridge.freeswitch !== 'real') dialled.push(...(await callee.dialled()));
    await victim.kill();
    await pause(random.below(400));
    await victim.start();
    if (name === 'FreeSWITCH') await callee.will(ANSWERS);
  }
  await pause(1_000);
  running = false;
  await load;
  // A request can be answered long after it was sent: the database may have been away.
  await Promise.all(requests);
  await eventually(
    () => {
      const open = [...accepted.keys()].filter((sid) => finalsOf(sid).length === 0);
      if (open.length > 0)
        throw new Error(`${open.length} of ${accepted.size} calls have no final status: ${open.slice(0, 3).join(' ')}`);
      return true;
    },
    { timeoutMs: 90_000, intervalMs: 500, message: 'a final status for every accepted call' },
  );
  // Time for a second one that must not come.
  await pause(2_000);
  dialled.push(...(await callee.dialled()));
  const twice = (all: string[]) => all.filter((one, index) => all.indexOf(one) !== index);
  expect(twice(dialled)).toEqual([]);
  const finals = [...accepted.keys()].map((sid) => ({
    sid,
    finals: [...new Set(finalsOf(sid).map(({ status, sequence }) => `${status} ${sequence}`))],
  }));
  expect(finals.filter(({ finals }) => finals.length !== 1)).toEqual([]);
  const answered = (await callEvents(test))
    .filter(({ type }) => type === 'CallAnswered')
    .map(({ data }) => data.call_id);
  await eventually(
    async () => {
      const rows = await test.billing<{ call_id: string }>('SELECT call_id FROM ledger_entries WHERE corrects IS NULL');
      const recorded = rows.map(({ call_id }) => call_id);
      expect(twice(recorded)).toEqual([]);
      return answered.every((id) => recorded.includes(id));
    },
    { timeoutMs: 60_000, intervalMs: 500, message: 'the usage record of every answered call' },
  );
  // A request can be accepted although its response was lost: its call may still be in progress.
  await eventually(async () => (await callee.open()) === 0, {
    timeoutMs: 30_000,
    intervalMs: 250,
    message: 'no call left open at the carrier',
  });
  const completed = [...accepted.keys()].filter((sid) => finalsOf(sid)[0]!.status === 'completed').length;
  const others = [...refusals].map(([code, times]) => `${times} ${code}`).join(', ');
  console.log(`seed ${SEED}: ${accepted.size} of ${calls} calls accepted, ${completed} completed; others: ${others}`);
  expect(completed).toBeGreaterThan(ROUNDS);
}, 300_000);
