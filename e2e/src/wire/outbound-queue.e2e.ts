import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import type { CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { HeardInvite } from '@trunkmesh/testkit/sip/callee-script.js';
import { startSipCallee, type SipCallee } from '@trunkmesh/testkit/sip/sip-callee.net.js';
import {
  addNumber,
  testMesh,
  untilEnded,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';

/** Digits after the answer, and the queue of a trunk with one channel. Runs where FREESWITCH names a binary. */
const FROM = '+15550108601';
const LIMITED = '+15550108602';
/** Samples of 8 kHz. */
const SECOND = 8_000;
let test: TestMesh;
let org: Organization;
let assistant: Assistant;
let callee: SipCallee;

beforeAll(async () => {
  [test, assistant, callee] = await Promise.all([
    testMesh(),
    startAssistant(),
    startSipCallee({ address: '127.0.0.96' }),
  ]);
  org = await test.organization('Example Dental');
  await org.api.patch(`/api/v1/organizations/${org.id}`, {
    media_url: assistant.url,
    status_url: assistant.statusUrl,
    signing_secret: "the organisation's signing secret",
  });
  for (const [number, limits] of [
    [FROM, {}],
    [LIMITED, { max_channels: 1, queue_seconds: 60 }],
  ] as const) {
    const settings = { name: number, gateway: callee.gateway, register: false, ...limits };
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', settings);
    await untilLive(org, trunk);
    await addNumber(org, trunk, number);
  }
  await org.api.patch(`/api/v1/organizations/${org.id}`, { outbound_failover: 'number_trunk_only' });
  callee.will({ outcome: 486 });
  // Routing and the bridge follow the events.
  for (const from of [FROM, LIMITED])
    await eventually(async () => (await untilEnded(org, await place(from))).attempts[0]?.reason === 'busy', {
      timeoutMs: 20_000,
      intervalMs: 250,
      message: 'the number to be known',
    });
}, 120_000);
afterAll(async () => {
  await test?.stop();
  await Promise.all([assistant?.stop(), callee?.close()]);
});
afterEach(() => callee.will({ outcome: 'answer' }));

let called = 0;
const nextNumber = () => `+1555985${String((called += 1)).padStart(4, '0')}`;
async function place(from: string, to_phone_number = nextNumber(), more: object = {}): Promise<string> {
  const asked = { from_phone_number: from, to_phone_number, ...more };
  return (await org.api.post<{ call_sid: string }>('/api/v1/calls', asked)).call_sid;
}
const numberOf = ({ uri }: HeardInvite) => /^sip:([^@]+)@/.exec(uri)![1]!;
const answered = (number: string) =>
  eventually(() => callee.open().find((invite) => invite.state === 'answered' && numberOf(invite) === number), {
    timeoutMs: 20_000,
    message: 'the answer',
  });
const hangUp = (sid: string) => org.api.delete(`/api/v1/calls/${sid}`);
interface Queued extends CallDetail {
  queue: { position: number } | null;
}
const placeOf = async (sid: string) =>
  ((await org.api.request('GET', `/api/v1/calls/${sid}`)).json as Partial<Queued>).queue?.position;

describe('digits that are sent once the call is answered', () => {
  it('reach the called side as telephone-event, with their pauses', async () => {
    callee.will({ outcome: 'answer', ringMs: 100 });
    const number = nextNumber();
    const sid = await place(FROM, number, { send_digits: 'w12w3W#*A' });
    const { audio } = await answered(number);
    await eventually(() => audio!.digits === '123#*A', { timeoutMs: 20_000, message: 'the digits' });
    const gaps = audio!.keys.map(({ timestamp }, at) => timestamp - (audio!.keys[at - 1]?.timestamp ?? 0)).slice(1);
    const [plain, half, whole, ...others] = gaps as [number, number, number, ...number[]];
    expect(half - plain).toBeGreaterThanOrEqual(0.45 * SECOND);
    expect(whole - plain).toBeGreaterThanOrEqual(0.95 * SECOND);
    for (const other of others) expect(Math.abs(other - plain)).toBeLessThan(0.1 * SECOND);
    await hangUp(sid);
    expect((await untilEnded(org, sid)).timeline).toContainEqual(
      expect.objectContaining({ what: 'digits-sent', detail: '9' }),
    );
  }, 60_000);
});

describe('a trunk with one channel', () => {
  it('has one call at a time; the others wait, and are dialled in their order', async () => {
    callee.will({ outcome: 'answer', ringMs: 50 });
    const from = callee.invites.length;
    const numbers = [nextNumber(), nextNumber(), nextNumber()];
    const sids: string[] = [];
    for (const [at, number] of numbers.entries()) {
      const sid = await place(LIMITED, number);
      sids.push(sid);
      if (at === 0) await answered(number);
      else
        await eventually(async () => (await placeOf(sid)) === at, {
          timeoutMs: 20_000,
          message: `place ${at} in the queue`,
        });
    }
    expect(callee.invites.slice(from).map(numberOf)).toEqual(numbers.slice(0, 1));
    for (const [at, sid] of sids.entries()) {
      await answered(numbers[at]!);
      expect(callee.open().map(numberOf)).toEqual([numbers[at]]);
      expect(await placeOf(sid)).toBeUndefined();
      await hangUp(sid);
      expect(await untilEnded(org, sid)).toMatchObject({ end_reason: 'api-hung-up', attempts: [{ attempt: 1 }] });
    }
    expect(callee.invites.slice(from).map(numberOf)).toEqual(numbers);
    for (const sid of sids) {
      const told = await eventually(() => {
        const statuses = assistant.statuses.map(({ body }) => body as unknown as CallStatusBody);
        const own = statuses.filter(({ call_sid }) => call_sid === sid).map(({ status }) => status);
        return own.at(-1) === 'completed' ? own : undefined;
      });
      expect(told).toEqual(['queued', 'initiated', 'ringing', 'answered', 'completed']);
    }
  }, 90_000);
});
