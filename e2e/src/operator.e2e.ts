import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { gatewaysInFreeswitch, untilSettled } from './freeswitch.fixture.js';
import {
  addNumber,
  registeringTrunk,
  ROOT,
  testMesh,
  untilPublished,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

const NUMBER = '+15550100001';
let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  const trunk = await registeringTrunk(org, carrier);
  await addNumber(org, trunk, NUMBER);
  for (let index = 0; index < 20; index += 1) {
    const made = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: `By address ${index}`,
      gateway: `198.51.100.${index + 1}`,
      register: false,
    });
    await addNumber(org, made, `+1555020${String(index).padStart(4, '0')}`);
    await org.api.patch(`/api/v1/sip-trunks/${made.id}`, { priority: index });
    if (index % 4 === 0) await org.api.post(`/api/v1/sip-trunks/${made.id}/disable`);
    if (index % 5 === 0) await org.api.delete(`/api/v1/sip-trunks/${made.id}?force=true`);
  }
});
afterAll(() => test?.stop());

const command = async (...args: string[]) => {
  const { mesh } = test;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'apps/trunk-service/dist/commands/main.js'), ...args],
    {
      env: {
        ...process.env,
        DATABASE_URL: mesh.file.postgres,
        NATS_URL: mesh.file.nats,
        SECRET_KEYS: mesh.store.settings.secretKeys,
      },
    },
  );
  return stdout;
};

const READ_MODELS = [
  'organizations',
  'trunks',
  'trunk_claims',
  'numbers',
  'bridges',
  'addresses',
  'carriers',
  'carrier_networks',
];
const readModels = async () =>
  Object.fromEntries(
    await Promise.all(
      READ_MODELS.map(
        async (table) =>
          [
            table,
            (await test.record<{ row: string }>(`SELECT t::text AS row FROM ${table} t ORDER BY 1`)).map(
              ({ row }) => row,
            ),
          ] as const,
      ),
    ),
  );

describe('what an operator runs', () => {
  it('rebuild: read models that were dropped are byte for byte the same again', async () => {
    const before = await readModels();
    expect(before['numbers']!.length).toBeGreaterThan(10);
    await test.record(`TRUNCATE ${READ_MODELS.join(', ')} CASCADE`);
    expect(await command('rebuild')).toContain('rebuilt');
    expect(await readModels()).toEqual(before);
    expect((await org.api.request('GET', '/api/v1/sip-trunks')).status).toBe(200);
  });

  it('refill: a lost stream is restored byte for byte, and nothing in FreeSWITCH changes', async () => {
    await untilPublished(test);
    const stream = await test.stream(TRUNKMESH_STREAM);
    const gateways = await untilSettled(test);
    expect(await command('refill', '--replace')).toContain(`published ${stream.length} events`);
    expect(await test.stream(TRUNKMESH_STREAM)).toEqual(stream);
    await eventually(async () => (await carrier.call({ from: '+15559870001', number: NUMBER, talkMs: 100 })) === 200, {
      timeoutMs: 20_000,
      intervalMs: 250,
      message: 'calls to be answered',
    });
    expect([...(await gatewaysInFreeswitch(test)).keys()].sort()).toEqual(gateways);
    const made = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: 'After the refill',
      gateway: '198.51.100.99',
      register: false,
    });
    await eventually(
      async () => [...(await gatewaysInFreeswitch(test)).keys()].some((name) => name.startsWith(made.id)),
      { timeoutMs: 20_000, message: 'the next trunk to be live' },
    );
    await untilPublished(test);
  });
});
