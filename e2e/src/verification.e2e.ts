import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import {
  addNumber,
  callEvents,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

let test: TestMesh;
let org: Organization;
let trunk: Trunk;
let carrier: MeshCarrier;
beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier();
  trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'PBX', gateway: carrier.gateway, register: false });
  await untilLive(org, trunk);
});
afterAll(() => test.stop());

describe('a verification call from the PBX', () => {
  it('proves its address and leaves no call record; its code counts once', async () => {
    const path = `/api/v1/sip-trunks/${trunk.id}`;
    const { code } = await org.api.post<{ code: string }>(`${path}/verify-address`);
    expect(await carrier.call({ from: '201', number: code, talkMs: 1_500 })).toBe(200);
    const proven = await eventually(
      async () => {
        const { addresses } = await org.api.get<{ addresses: { evidence: { by: string } | null }[] }>(path);
        if (addresses[0]?.evidence?.by === 'verification-call') return addresses;
        throw new Error(JSON.stringify([addresses, await org.api.get<object>(`${path}/verify-address`)]));
      },
      { message: 'the evidence' },
    );
    expect(proven).toHaveLength(1);
    expect(await carrier.call({ from: '201', number: code, talkMs: 100 })).toBe(403);
    expect(await carrier.call({ from: '201', number: '7700000000000000', talkMs: 100 })).toBe(403);
    expect(await callEvents(test)).toEqual([]);
  }, 60_000);
});

describe('an ordinary call from the PBX', () => {
  it('is found to be acknowledged and proves its number, and nobody looks at the next one', async () => {
    const number = await addNumber(org, trunk, '+15550108001');
    const place = async (from: string) => {
      expect(await carrier.call({ from, number: '+15550108001', talkMs: 1_000 })).toBe(200);
      return eventually(
        async () => (await callEvents(test)).find(({ type, data }) => type === 'CallEnded' && data.from === from),
        { message: `the end of the call of ${from}` },
      );
    };
    await eventually(
      async () => (await carrier.call({ from: '+15559870000', number: '+15550108001', talkMs: 10 })) === 200,
      { message: 'the mesh to know the number' },
    );
    expect((await place('+15559870001')).data).toMatchObject({ hangup_disposition: 'recv_bye', acknowledged: true });
    await eventually(async () => (await org.api.get<{ proof?: object }>(`/api/v1/phone-numbers/${number.id}`)).proof, {
      message: 'the proof of the number',
    });
    let caller = 15_559_870_001;
    await eventually(async () => !('acknowledged' in (await place(`+${(caller += 1)}`)).data), {
      timeoutMs: 20_000,
      message: 'the bridge to know the proof',
    });
  }, 60_000);
});
