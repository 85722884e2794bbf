import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallDetail, CallSummary } from '@trunkmesh/contracts/call-log.js';
import type { Reconciliation } from '@trunkmesh/contracts/carrier-bill.js';
import type { TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import type { LedgerEntry } from '@trunkmesh/contracts/usage-query.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import {
  startScriptedCarrier,
  type CarrierScript,
  type ScriptedCarrier,
} from '@trunkmesh/testkit/sip/scripted-carrier.net.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from './mesh.fixture.js';

const FROM = '+12015550160';
const NUMBER = '+12015550123';
const PASSWORD = 'open sesame';

let test: TestMesh;
let org: Organization;
const carriers: ScriptedCarrier[] = [];
beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
});
afterEach(async () => {
  for (const carrier of carriers.splice(0)) await carrier.close();
});
afterAll(() => test.stop());

async function carrier(script: Partial<CarrierScript> = {}): Promise<ScriptedCarrier> {
  const started = await startScriptedCarrier({ users: { alice: PASSWORD }, ...script });
  carriers.push(started);
  return started;
}
interface Tested {
  result: string;
  bridge_id: string;
  checks: TrunkCheck[];
}
interface Readiness {
  outbound: { steps: { step: string; result: string }[] };
}
const settings = (port: number) => ({ gateway: `127.0.0.1:${port}`, username: 'alice', password: PASSWORD });
const found = ({ checks }: Tested) =>
  Object.fromEntries(checks.map(({ check, result, cause }) => [check, cause ?? result]));

describe('a probe through the whole mesh', () => {
  it('tells wrong password, number, codec and address apart, and shows no password anywhere', async () => {
    const { port } = await carrier({ numbers: { [NUMBER]: 'ring' } });
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: 'By address',
      gateway: '127.0.0.1:5999',
      register: false,
    });
    await untilLive(org, trunk);
    const { id } = await addNumber(org, trunk, FROM);
    await eventually(
      async () => {
        const { outbound } = await org.api.get<Readiness>(`/api/v1/phone-numbers/${id}/readiness`);
        return outbound.steps.some(({ step, result }) => step === 'country' && result === 'done');
      },
      { message: 'routing to know the number' },
    );
    const probe = (over: object = {}) =>
      org.api.post<Tested>('/api/v1/sip-trunks/probe', { ...settings(port), from: FROM, number: NUMBER, ...over });
    const right = await probe();
    expect(right).toMatchObject({ result: 'pass', bridge_id: expect.any(String) });
    expect(found(right)).toMatchObject({ registration: 'pass', call: 'pass' });
    expect(found(await probe({ password: 'something else' }))).toMatchObject({ registration: 'wrong-credentials' });
    expect(found(await probe({ number: '+12015550199' }))).toMatchObject({ call: 'wrong-number' });
    carriers[0]!.script.codecs = ['PCMA'];
    expect(found(await probe({ codecs: ['PCMU'] }))).toMatchObject({ call: 'wrong-codec' });
    expect(found(await probe({ transport: 'tcp' }))).toMatchObject({ transport: 'nothing-listens' });
    expect(found(await probe({ gateway: 'nowhere.invalid' }))).toMatchObject({
      dns: expect.not.stringMatching('pass'),
    });
    expect(carriers[0]!.contacts.size).toBe(0);
    for (const text of Object.values(await test.logs())) expect(text).not.toContain(PASSWORD);
  }, 90_000);
});

describe('the call of a test', () => {
  const RATE_PLAN = { currency: 'USD', rate_per_minute_micros: 6_000, increments: '1/1', minimum_seconds: 0 };
  async function reported(trunk: Trunk): Promise<{ call: CallDetail; entry: LedgerEntry }> {
    const inLog = () => org.api.get<{ items: CallSummary[] }>(`/api/v1/calls?trunk_id=${trunk.id}`);
    const listed = await eventually(async () => (await inLog()).items.find(({ ended_at }) => ended_at !== null), {
      timeoutMs: 20_000,
      message: 'the call in the log',
    });
    expect(listed).toMatchObject({ trunk_test: true, assistant_id: null, flow_id: null });
    const entry = await eventually(
      async () => {
        const path = `/api/v1/usage/records?call_sid=${listed.call_sid}`;
        return (await org.api.get<{ items: LedgerEntry[] }>(path)).items[0];
      },
      { timeoutMs: 20_000, message: 'the entry in the ledger' },
    );
    return { call: await org.api.get<CallDetail>(`/api/v1/calls/${listed.call_sid}`), entry };
  }

  async function compared(file: string): Promise<Reconciliation> {
    const headers = { authorization: `Bearer ${org.key}`, 'content-type': 'text/csv' };
    const path = `${test.mesh.file.api}/api/v1/usage/reconciliations`;
    const sent = await fetch(`${path}?format=carrier&tolerance_seconds=20`, { method: 'POST', headers, body: file });
    const { id } = (await sent.json()) as Reconciliation;
    return eventually(
      async () => {
        const now = await org.api.get<Reconciliation>(`/api/v1/usage/reconciliations/${id}`);
        return now.status === 'done' ? now : undefined;
      },
      { timeoutMs: 20_000, message: 'the comparison' },
    );
  }

  it("is in the call log and the ledger, takes the trunk's channel, and matches the carrier's bill", async () => {
    const called = '+12015550124';
    const { port, methods } = await carrier({ numbers: { [called]: 200 } });
    await test.operator.put(`/api/v1/organizations/${org.id}/rate-plans/2026-01-01`, RATE_PLAN);
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      ...{ name: 'With one channel', gateway: `127.0.0.1:${port}`, register: false, max_channels: 1 },
    });
    await untilLive(org, trunk);
    const { id } = await addNumber(org, trunk, '+12015550162');
    await eventually(
      async () => {
        const { outbound } = await org.api.get<Readiness>(`/api/v1/phone-numbers/${id}/readiness`);
        return outbound.steps.some(({ step, result }) => step === 'country' && result === 'done');
      },
      { message: 'routing to know the number' },
    );
    const answer = org.api.post<Tested>(`/api/v1/sip-trunks/${trunk.id}/test`, {
      from: '+12015550162',
      number: called,
    });
    await eventually(() => methods().includes('ACK'), { timeoutMs: 20_000, message: 'the answer' });
    const channels = 'SELECT count(*)::int AS taken FROM outbound_permits WHERE trunk_id = $1 AND released_at IS NULL';
    expect(await test.record(channels, [trunk.id])).toEqual([{ taken: 1 }]);
    expect(found(await answer)).toMatchObject({ call: 'pass' });
    await eventually(async () => (await test.record<{ taken: number }>(channels, [trunk.id]))[0]!.taken === 0, {
      message: 'the channel to be free',
    });
    const { call, entry } = await reported(trunk);
    expect(call).toMatchObject({
      ...{ direction: 'outbound', status: 'completed', end_reason: 'max-duration-reached', trunk_test: true },
      ...{ from_number: '+12015550162', to_number: called, carrier_cost: 'external', number_id: id },
      attempts: [{ trunk_id: trunk.id, outcome: 'answered' }],
    });
    const seconds = Math.ceil(entry.billable_ms / 1_000);
    expect(entry).toMatchObject({ direction: 'outbound', carrier_cost: 'external', estimated: false });
    expect(entry).toMatchObject({ charged_seconds: seconds, amount_micros: String(seconds * 100) });
    const columns = { from: 'from', to: 'to', time: 'time', duration: 'seconds', amount: 'amount' };
    await org.api.put('/api/v1/usage/carrier-formats/carrier', {
      ...{ columns, time_format: 'YYYY-MM-DD HH:mm:ss', time_zone: 'UTC', duration_unit: 'seconds' },
      ...{ decimal: '.', currency: 'USD', delimiter: ',' },
    });
    const time = entry.answered_at!.slice(0, 19).replace('T', ' ');
    const file = `from,to,time,seconds,amount\n+12015550162,${called},${time},${seconds},0.01\n`;
    expect((await compared(file)).groups).toMatchObject([{ kind: 'matched', calls: 1, our_seconds: seconds }]);
  }, 60_000);
});

describe('waiting for a call', () => {
  it('shows a refused call and an accepted one, which gets an echo', async () => {
    const caller = await test.carrier();
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: 'PBX',
      gateway: caller.gateway,
      register: false,
    });
    await untilLive(org, trunk);
    await addNumber(org, trunk, '+12015550161');
    const path = `/api/v1/sip-trunks/${trunk.id}/expect-call`;
    const opened = await org.api.post<{ dial: string[]; dial_to: string[] }>(path);
    expect(opened.dial).toContain('+12015550161');
    const report = () => org.api.get<{ status: string; calls: { called: string; reason: string | null }[] }>(path);
    expect(await caller.call({ from: '+12015550170', number: '+12015550199', talkMs: 10 })).toBe(404);
    await eventually(async () => (await report()).status === 'refused', { message: 'the refused call' });
    await eventually(
      async () => (await caller.call({ from: '+12015550170', number: '+12015550161', talkMs: 1_500 })) === 200,
      { message: 'the mesh to know the number' },
    );
    await eventually(async () => (await report()).status === 'accepted', { message: 'the accepted call' });
    expect((await report()).calls).toContainEqual(
      expect.objectContaining({ called: '+12015550199', reason: 'unknown-number' }),
    );
  }, 60_000);
});

describe('a test of a live trunk', () => {
  it('leaves its registration as it is', async () => {
    const { port, contacts, requests } = await carrier();
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'Registering', ...settings(port) });
    if (process.env.FREESWITCH === undefined) {
      // The stand-in's gateways speak to no real carrier.
      expect(found(await org.api.post<Tested>(`/api/v1/sip-trunks/${trunk.id}/test`))).toMatchObject({
        registration: 'pass',
      });
      expect(contacts.size).toBe(0);
      return;
    }
    await untilLive(org, trunk);
    const [bound] = contacts;
    const { length } = requests;
    const tested = await org.api.post<Tested>(`/api/v1/sip-trunks/${trunk.id}/test`);
    expect(found(tested)).toMatchObject({ registration: 'pass' });
    expect([...contacts]).toEqual([bound]);
    expect(requests.slice(length).filter(({ headers }) => headers.some(([name]) => name === 'Expires'))).toEqual([]);
  }, 60_000);
});
