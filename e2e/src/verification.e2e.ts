import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.clock.js';
import { callEvents, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from './harness.mesh.js';

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
    const proven = await eventually(async () => {
      const { addresses } = await org.api.get<{ addresses: { evidence: { by: string } | null }[] }>(path);
      if (addresses[0]?.evidence?.by === 'verification-call') return addresses;
      throw new Error(JSON.stringify([addresses, await org.api.get<object>(`${path}/verify-address`)]));
    }, { message: 'the evidence' });
    expect(proven).toHaveLength(1);
    expect(await carrier.call({ from: '201', number: code, talkMs: 100 })).toBe(403);
    expect(await carrier.call({ from: '201', number: '7700000000000000', talkMs: 100 })).toBe(403);
    expect(await callEvents(test)).toEqual([]);
  }, 60_000);
});
