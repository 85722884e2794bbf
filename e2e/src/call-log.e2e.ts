import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CallDetail, CallSummary } from '@trunkmesh/contracts/call-log.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import {
  addNumber,
  registeringTrunk,
  ROOT,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

const NUMBER = '+15550100200';
const [CALLER, STRANGER] = ['+15559870001', '+15559870002'];
let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;
let trunk: Trunk;

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  trunk = await registeringTrunk(org, carrier);
  await addNumber(org, trunk, NUMBER, { assistant_id: 17 });
  await untilLive(org, trunk);
});
afterAll(() => test?.stop());

const calls = async (query = '') => (await org.api.get<{ items: CallSummary[] }>(`/api/v1/calls${query}`)).items;
const rows = async () =>
  (await test.billing<{ row: string }>('SELECT row::text AS row FROM call_log AS row ORDER BY 1')).map(
    ({ row }) => row,
  );

describe("the call log, from a carrier's call to the API", () => {
  it('has an answered call and a refused one, with all that is known of them', async () => {
    await eventually(async () => (await carrier.call({ from: CALLER, number: NUMBER, talkMs: 600 })) === 200, {
      timeoutMs: 20_000,
      intervalMs: 250,
      message: 'the call to be answered',
    });
    expect(await carrier.call({ from: STRANGER, number: '+15550100999' })).toBeGreaterThanOrEqual(400);
    const [answered] = await eventually(
      async () => {
        const found = await calls(
          `?status=completed&customer_phone=${encodeURIComponent(CALLER)}&assistant_id=17&min_duration=0.1`,
        );
        return found.length === 0 ? undefined : found;
      },
      { timeoutMs: 20_000, message: 'the call in the list' },
    );
    expect(answered).toMatchObject({
      direction: 'inbound',
      from_number: CALLER,
      to_number: NUMBER,
      trunk_id: trunk.id,
      bridge_id: 'bridge-1',
      assistant_id: 17,
      carrier_cost: 'external',
    });
    // Its end may be told before its beginning.
    const detail = await eventually(
      async () => {
        const told = await org.api.get<CallDetail>(`/api/v1/calls/${answered!.call_sid}`);
        return ['call-started', 'call-answered', 'call-ended'].every((step) =>
          told.timeline.some(({ what }) => what === step),
        )
          ? told
          : undefined;
      },
      { message: 'the whole story of the call' },
    );
    expect(detail.timeline.map(({ at }) => at)).toEqual(detail.timeline.map(({ at }) => at).sort());
    expect(detail.routing).toMatchObject({ outcome: 'route', number: NUMBER });
    expect((await org.api.request('POST', `/api/v1/calls/${answered!.call_sid}/hangup`)).json).toMatchObject({
      status: 409,
      code: 'call-ended',
    });
    const other = await test.organization('Somebody else');
    expect((await other.api.request('GET', `/api/v1/calls/${answered!.call_sid}`)).status).toBe(404);
    expect((await other.api.request('POST', `/api/v1/calls/${randomUUID()}/hangup`)).status).toBe(404);
    expect(await other.api.get('/api/v1/calls')).toEqual({ items: [], total: 0, skip: 0, limit: 100 });
  });

  it('is made anew by an operator, byte for byte the same', async () => {
    // The last call was the refused one: what is recorded after its rows were read would be in those that are made
    // anew.
    const before = await eventually(
      async () => {
        const recorded = await rows();
        return recorded.some((row) => row.includes(STRANGER)) ? recorded : undefined;
      },
      { timeoutMs: 20_000, message: 'the refused call in the call log' },
    );
    await test.billing('TRUNCATE call_log');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(ROOT, 'apps/billing-observer/dist/commands/main.js'), 'rebuild'],
      { env: { ...process.env, DATABASE_URL: test.mesh.billingUrl } },
    );
    expect(stdout).toMatch(/rebuilt the call log: \d+ calls from \d+ events/);
    expect(await rows()).toEqual(before);
  });
});
