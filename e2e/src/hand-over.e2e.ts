import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FINAL_STATUSES, type CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { calleeFor, type MeshCallee } from '@trunkmesh/testkit/mesh/callees.net.js';
import {
  addNumber,
  testMesh,
  untilEnded,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';
import { seeded } from './random.js';

/** An outbound call whose first trunk is on one bridge and whose second is on another: each in a pool of its own. */
const SEED = Number(process.env['E2E_SEED'] ?? Date.now() % 1_000_000);
const FROM = '+15550108501';
let test: TestMesh;
let assistant: Assistant;
let org: Organization;
let first: MeshCallee;
let second: MeshCallee;
let called = 0;

beforeAll(async () => {
  [test, assistant] = await Promise.all([testMesh({ bridges: 2, pools: ['default', 'other'] }), startAssistant()]);
  org = await test.organization('Example Dental');
  await test.operator.patch(`/api/v1/organizations/${org.id}`, { bridge_pools: ['default', 'other'] });
  await org.api.patch(`/api/v1/organizations/${org.id}`, {
    status_url: assistant.statusUrl,
    signing_secret: "the organisation's signing secret",
  });
  [first, second] = [await calleeFor(test.mesh.bridges[0]!, 4), await calleeFor(test.mesh.bridges[1]!, 5)];
  const trunk = (name: string, { gateway }: MeshCallee, more: object) =>
    org.api.post<Trunk>('/api/v1/sip-trunks', { name, gateway, register: false, ...more });
  const trunks = [
    await trunk('here', first, { priority: 0 }),
    await trunk('there', second, { priority: 1, bridge_pool: 'other' }),
  ];
  for (const one of trunks) await untilLive(org, one);
  await addNumber(org, trunks[0]!, FROM);
  await refuseFirst();
  await eventually(async () => (await ended(await place())).attempts.length === 2, {
    timeoutMs: 30_000,
    intervalMs: 250,
    message: 'both trunks to be known',
  });
}, 120_000);
afterAll(async () => {
  await test?.stop();
  await Promise.all([assistant?.stop(), first?.close(), second?.close()]);
});
beforeEach(refuseFirst);

async function refuseFirst(): Promise<void> {
  await first.will({ outcome: 503, ringMs: 60 });
  await second.will({ outcome: 'answer', ringMs: 60, hangUpAfterMs: 200 });
}

async function place(to_phone_number = `+1555986${String((called += 1)).padStart(4, '0')}`): Promise<string> {
  const asked = { from_phone_number: FROM, to_phone_number };
  return (await org.api.post<{ call_sid: string }>('/api/v1/calls', asked)).call_sid;
}
const ended = (sid: string) => untilEnded(org, sid);
/** By their sequence: two bridges deliver them. */
const statusesOf = (sid: string) =>
  assistant.statuses
    .map(({ body }) => body as unknown as CallStatusBody)
    .filter(({ call_sid }) => call_sid === sid)
    .sort((one, other) => one.sequence - other.sequence);
const finalsOf = (sid: string) =>
  new Set(
    statusesOf(sid)
      .filter(({ status }) => FINAL_STATUSES.has(status))
      .map(({ status, sequence }) => `${status} ${sequence}`),
  );
/** Two bridges deliver a call's statuses in any order: its receiver can put them in order by their numbers. */
function expectNumbered(sid: string): void {
  const told = [...new Set(statusesOf(sid).map(({ sequence, status }) => `${sequence} ${status}`))];
  const numbers = told.map((one) => one.split(' ')[0]);
  expect({ told, twice: numbers.filter((one, at) => numbers.indexOf(one) !== at) }).toEqual({ told, twice: [] });
  expect(FINAL_STATUSES.has(statusesOf(sid).at(-1)!.status)).toBe(true);
}
const untilFinal = (sid: string, timeoutMs = 20_000) =>
  eventually(() => finalsOf(sid).size > 0, { timeoutMs, message: 'the final status' });

describe('a call goes on at the bridge of its next trunk', () => {
  it('and is one call: its attempts, statuses and usage', async () => {
    const sid = await place();
    const call = await ended(sid);
    expect(call).toMatchObject({
      status: 'completed',
      bridge_id: 'bridge-2',
      attempts: [
        { attempt: 1, bridge_id: 'bridge-1', sip_status: 503, failed_over: true },
        { attempt: 2, bridge_id: 'bridge-2', outcome: 'answered' },
      ],
    });
    expect(call.timeline.filter(({ what }) => what === 'call-started')).toHaveLength(1);
    await untilFinal(sid);
    const statuses = await eventually(() => (statusesOf(sid).length === 5 ? statusesOf(sid) : undefined));
    expect(statuses.map(({ sequence, status }) => `${sequence} ${status}`)).toEqual([
      '1 queued',
      '2 initiated',
      '3 ringing',
      '4 answered',
      '5 completed',
    ]);
    const records = await eventually(async () => {
      const rows = await test.billing<{ bridge_id: string }>(
        'SELECT bridge_id FROM ledger_entries WHERE call_id = $1',
        [call.call_id],
      );
      return rows.length > 0 ? rows : undefined;
    });
    expect(records).toEqual([{ bridge_id: 'bridge-2' }]);
  });

  it('where it is canceled', async () => {
    await second.will({ outcome: 'answer', ringMs: 60_000 });
    const sid = await place();
    await eventually(async () => (await second.open()) === 1, { message: 'the second carrier to ring' });
    await org.api.request('DELETE', `/api/v1/calls/${sid}`);
    expect(await ended(sid)).toMatchObject({ end_reason: 'canceled', bridge_id: 'bridge-2' });
    await untilFinal(sid);
    expect([...finalsOf(sid)]).toEqual([expect.stringMatching(/^canceled/)]);
    expect(await second.open()).toBe(0);
  });

  it(`once, whichever agent is killed when (E2E_SEED=${SEED})`, async () => {
    const random = seeded(SEED);
    const sids: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      sids.push(...(await Promise.all([place(), place(), place()])));
      await pause(random.below(250));
      const { agent } = test.mesh.bridges[round % 2]!;
      await agent.kill();
      await pause(random.below(200));
      await agent.start();
    }
    for (const sid of sids) await untilFinal(sid, 60_000);
    // Time for a second one that must not come.
    await pause(1_500);
    expect(sids.map((sid) => finalsOf(sid).size)).toEqual(sids.map(() => 1));
    for (const sid of sids) expectNumbered(sid);
    for (const dialled of [await first.dialled(), await second.dialled()])
      expect(dialled.filter((one, index) => dialled.indexOf(one) !== index)).toEqual([]);
    expect([await first.open(), await second.open()]).toEqual([0, 0]);
  }, 120_000);
});

describe('a DELETE of a call that another bridge goes on with', () => {
  /** A call that rings at the second bridge's carrier. */
  async function ringing(): Promise<string> {
    await second.will({ outcome: 'answer', ringMs: 60_000 });
    const sid = await place();
    await eventually(async () => (await second.open()) > 0, { message: 'the second carrier to ring' });
    return sid;
  }
  const cancel = async (sid: string) => (await org.api.request('DELETE', `/api/v1/calls/${sid}`)).status;
  async function canceledOnce(sids: readonly string[]): Promise<void> {
    for (const sid of sids) {
      await untilFinal(sid, 60_000);
      expect(await ended(sid)).toMatchObject({ end_reason: 'canceled', answered_at: null });
    }
    await eventually(async () => (await first.open()) + (await second.open()) === 0, {
      timeoutMs: 20_000,
      message: 'nothing at the carriers',
    });
    // Time for a second one that must not come.
    await pause(1_500);
    for (const sid of sids) expect([...finalsOf(sid)]).toEqual([expect.stringMatching(/^canceled /)]);
  }

  it.each([0, 1])(
    'while bridge %i of the two is drained',
    async (at) => {
      const { id } = test.mesh.bridges[at]!.bridge;
      const sid = await ringing();
      await test.operator.post(`/api/v1/bridges/${id}/drain`);
      try {
        expect(await cancel(sid)).toBeLessThan(300);
        await canceledOnce([sid]);
      } finally {
        await test.operator.post(`/api/v1/bridges/${id}/resume`);
        await eventually(
          async () => (await test.operator.get<{ status: string }>(`/api/v1/bridges/${id}`)).status === 'active',
          { message: 'the bridge to be active' },
        );
      }
    },
    60_000,
  );

  it('while the agent of the first bridge is killed', async () => {
    const sid = await ringing();
    const { agent } = test.mesh.bridges[0]!;
    await agent.kill();
    expect(await cancel(sid)).toBeLessThan(300);
    await agent.start();
    await canceledOnce([sid]);
  }, 90_000);

  it('whose agent is killed as soon as the DELETE is answered', async () => {
    const sid = await ringing();
    expect(await cancel(sid)).toBeLessThan(300);
    const { agent } = test.mesh.bridges[1]!;
    await agent.kill();
    await agent.start();
    await canceledOnce([sid]);
  }, 90_000);

  it('whose agent was killed while it rang', async () => {
    const sid = await ringing();
    const { agent } = test.mesh.bridges[1]!;
    await agent.kill();
    expect(await cancel(sid)).toBeLessThan(300);
    await agent.start();
    await canceledOnce([sid]);
  }, 90_000);

  it(`at a random moment, whichever agent is killed then (E2E_SEED=${SEED})`, async () => {
    const random = seeded(SEED + 1);
    await second.will({ outcome: 'answer', ringMs: 60_000 });
    const sids: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { agent } = test.mesh.bridges[round % 2]!;
      const placed = await Promise.all([place(), place()]);
      sids.push(...placed);
      await pause(random.below(250));
      const canceling = placed.map(cancel);
      await pause(random.below(40));
      await agent.kill();
      expect(await Promise.all(canceling)).toEqual(placed.map(() => expect.any(Number)));
      await agent.start();
    }
    for (const sid of sids) await untilFinal(sid, 60_000);
    await eventually(async () => (await first.open()) + (await second.open()) === 0, {
      timeoutMs: 20_000,
      message: 'nothing at the carriers',
    });
    await pause(1_500);
    expect(sids.map((sid) => [...finalsOf(sid)])).toEqual(sids.map(() => [expect.stringMatching(/^canceled /)]));
    for (const sid of sids) expectNumbered(sid);
  }, 120_000);
});
