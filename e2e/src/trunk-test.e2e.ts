import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
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
