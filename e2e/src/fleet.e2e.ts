import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { gatewaysInFreeswitch } from './freeswitch.fixture.js';
import {
  addNumber,
  registeringTrunk,
  statusOf,
  testMesh,
  untilLive,
  untilPublished,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;

beforeAll(async () => {
  test = await testMesh({ bridges: 2 });
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  await introduceTo(1);
});
afterAll(() => test?.stop());

/** A stand-in is told of carriers one by one; a real FreeSWITCH finds this one on the wire. */
async function introduceTo(bridge: number): Promise<void> {
  const { controlPort } = test.mesh.bridges[bridge]!;
  if (controlPort === undefined) return;
  await fetch(`http://127.0.0.1:${controlPort}/carriers`, {
    method: 'POST',
    body: JSON.stringify({ address: carrier.gateway, users: { [carrier.username]: carrier.password } }),
  });
}

const has = async (bridge: number, trunk: Trunk) =>
  [...(await gatewaysInFreeswitch(test, bridge)).keys()].some((name) => name.startsWith(trunk.id));

describe('two bridges', () => {
  it('a trunk by address lives on both', async () => {
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: 'By address',
      gateway: '198.51.100.9',
      register: false,
    });
    await untilLive(org, trunk);
    expect([await has(0, trunk), await has(1, trunk)]).toEqual([true, true]);
  });

  it('a registering trunk has one owner; when its host dies, it moves and registers there, once', async () => {
    const trunk = await registeringTrunk(org, carrier);
    await addNumber(org, trunk, '+15550100001');
    const owner = (await statusOf(org, trunk)).bridges[0]!.bridge_id;
    const from = owner === 'bridge-1' ? 0 : 1;
    const to = 1 - from;
    expect([await has(from, trunk), await has(to, trunk)]).toEqual([true, false]);
    await test.mesh.bridges[from]!.agent.kill();
    await test.mesh.bridges[from]!.freeswitch.kill();
    await eventually(
      async () => {
        const { verdict, bridges } = await statusOf(org, trunk);
        return (
          verdict === 'live' &&
          bridges.some((each) => each.bridge_id === `bridge-${to + 1}` && each.registration.state === 'REGED')
        );
      },
      { timeoutMs: 40_000, message: 'the trunk to be registered from the other bridge' },
    );
    expect(await has(to, trunk)).toBe(true);

    await test.mesh.bridges[from]!.freeswitch.start();
    await introduceTo(from);
    await test.mesh.bridges[from]!.agent.start();
    await eventually(async () => !(await has(from, trunk)) && (await has(to, trunk)), {
      timeoutMs: 30_000,
      message: 'the returned host to leave the trunk to its new owner',
    });
    await untilLive(org, trunk);
    await untilPublished(test);
  }, 100_000);
});
