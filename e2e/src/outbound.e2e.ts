import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import type { CallStatusBody } from '@trunkmesh/contracts/call-status.js';
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

/** An outbound call as the platform sees it: what it asks for, what it is told, what the call log says. */
const FROM = '+15550108301';
let test: TestMesh;
let assistant: Assistant;
let org: Organization;
let other: Organization;
let callees: MeshCallee[];
let trunks: Trunk[];
let called = 0;

beforeAll(async () => {
  [test, assistant] = await Promise.all([testMesh(), startAssistant()]);
  [org, other] = [await test.organization('Example Dental'), await test.organization('Example Motors')];
  await org.api.patch(`/api/v1/organizations/${org.id}`, {
    media_url: assistant.url,
    prewarm_url: assistant.prewarmUrl,
    status_url: assistant.statusUrl,
    signing_secret: "the organisation's signing secret",
  });
  callees = await Promise.all([1, 2].map((nth) => calleeFor(test.mesh.bridges[0]!, nth)));
  trunks = [];
  for (const [index, { gateway }] of callees.entries()) {
    const settings = { name: `carrier ${index + 1}`, gateway, register: false, priority: index };
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', settings);
    await untilLive(org, trunk);
    trunks.push(trunk);
  }
  await addNumber(org, trunks[0]!, FROM);
  await callees[0]!.will({ outcome: 486 });
  // Routing and the bridge follow the events.
  await eventually(async () => (await ended(await place())).attempts[0]?.reason === 'busy', {
    timeoutMs: 20_000,
    intervalMs: 250,
    message: 'the number to be known',
  });
}, 120_000);
afterAll(async () => {
  await test?.stop();
  await Promise.all([assistant?.stop(), ...(callees ?? []).map((callee) => callee.close())]);
});
beforeEach(async () => {
  await Promise.all(callees.map((callee) => callee.will({ outcome: 'answer' })));
});

/** The sid of a call that was accepted. */
async function place(more: object = {}): Promise<string> {
  called += 1;
  const to_phone_number = `+1555987${String(called).padStart(4, '0')}`;
  const asked = { from_phone_number: FROM, to_phone_number, ...more };
  const { call_sid } = await org.api.post<{ call_sid: string }>('/calls/initiate', asked);
  return call_sid;
}
const ended = (sid: string) => untilEnded(org, sid);
const toldOf = (sid: string) =>
  assistant.statuses
    .map(({ body }) => body as unknown as CallStatusBody)
    .filter(({ call_sid }) => call_sid === sid)
    .map(({ status }) => status);
const untilTold = (sid: string, last: string) =>
  eventually(() => (toldOf(sid).at(-1) === last ? toldOf(sid) : undefined), { message: `the status ${last}` });
const streamOf = (sid: string) =>
  eventually(() => assistant.connections.find(({ callSid }) => callSid === sid), { message: 'the stream' });

describe('an outbound call', () => {
  it('is told of from its queue to its end, and is in the log with what was given', async () => {
    await callees[0]!.will({ outcome: 'answer', ringMs: 200, hangUpAfterMs: 500 });
    const sid = await place({
      welcome_message: 'Hello {{name}}',
      variables: { name: 'Ada' },
      call_meta: { campaign: 'november' },
    });
    const stream = await streamOf(sid);
    expect(stream.of('start')[0]).toMatchObject({
      start: { customParameters: { welcome_message: 'Hello Ada', outbound: 'true' } },
    });
    expect(await untilTold(sid, 'completed')).toEqual(['queued', 'initiated', 'ringing', 'answered', 'completed']);
    expect(await ended(sid)).toMatchObject({
      direction: 'outbound',
      status: 'completed',
      from_number: FROM,
      caller_id: FROM,
      trunk_id: trunks[0]!.id,
      end_reason: 'called-party-hung-up',
      ended_by: 'called-party',
      call_meta: { campaign: 'november' },
      attempts: [{ attempt: 1, outcome: 'answered', ringing: true }],
    });
  });

  it.each([
    [486, 'busy', 0],
    [480, 'no-answer', 0],
    [404, 'failed', 0],
    [503, 'completed', 1],
  ] as const)('that the first carrier answers with %d ends as %s', async (status, last, second) => {
    const before = await callees[1]!.calls();
    await callees[0]!.will({ outcome: status });
    await callees[1]!.will({ outcome: 'answer', hangUpAfterMs: 100 });
    const sid = await place();
    expect((await untilTold(sid, last)).filter((what) => what === last)).toHaveLength(1);
    expect((await callees[1]!.calls()) - before).toBe(second);
  });

  it('takes digits, and is hung up', async () => {
    const sid = await place();
    await eventually(async () => (await org.api.get<CallDetail>(`/api/v1/calls/${sid}`)).answered_at !== null, {
      message: 'the answer',
    });
    await expect(other.api.post(`/api/v1/calls/${sid}/dtmf`, { digits: '1' })).rejects.toThrow('404');
    await org.api.post(`/api/v1/calls/${sid}/dtmf`, { digits: '12#' });
    await org.api.post(`/api/v1/calls/${sid}/hangup`, {});
    expect(await untilTold(sid, 'completed')).toContain('answered');
    expect(await ended(sid)).toMatchObject({ end_reason: 'api-hung-up', ended_by: 'platform' });
  });

  it('has one usage record, at no carrier cost of ours', async () => {
    await callees[0]!.will({ outcome: 'answer', hangUpAfterMs: 200 });
    const sid = await place();
    const { call_id } = await ended(sid);
    const records = await eventually(
      async () => {
        const rows = await test.billing<{ direction: string; carrier_cost: string }>(
          'SELECT direction, carrier_cost FROM ledger_entries WHERE call_id = $1',
          [call_id],
        );
        return rows.length > 0 ? rows : undefined;
      },
      { message: 'the usage record' },
    );
    expect(records).toEqual([{ direction: 'outbound', carrier_cost: 'external' }]);
  });

  it('that is canceled at a random moment leaves nothing ringing', async () => {
    const random = seeded(11);
    await callees[0]!.will({ outcome: 'answer', ringMs: 60 });
    const sids = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const sid = await place();
        await sleep(random.below(150));
        await org.api.delete(`/api/v1/calls/${sid}`);
        return sid;
      }),
    );
    for (const sid of sids) {
      expect(['canceled', 'api-hung-up']).toContain((await ended(sid)).end_reason);
      const last = await eventually(() => toldOf(sid).find((what) => what === 'canceled' || what === 'completed'), {
        message: 'the last status',
      });
      expect(toldOf(sid).at(-1)).toBe(last);
    }
    await eventually(async () => (await callees[0]!.open()) === 0, { message: 'nothing at the carrier' });
  });
});
