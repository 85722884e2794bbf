import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { gatewayFiles, gatewaysOf } from './freeswitch.fixture.js';
import {
  addNumber,
  callEvents,
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
let trunk: Trunk;

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  trunk = await registeringTrunk(org, carrier);
});
afterAll(() => test?.stop());

describe('a trunk, from the API to a live gateway', () => {
  it('is registered, and its status says so on its bridge', async () => {
    const status = await untilLive(org, trunk);
    expect(status.bridges).toEqual([
      expect.objectContaining({
        bridge_id: 'bridge-1',
        verdict: 'live',
        registration: expect.objectContaining({ state: 'REGED' }),
      }),
    ]);
    expect(await gatewaysOf(test, trunk)).toHaveLength(1);
  });

  it('a wrong password is told in words, the right one heals it without a wait', async () => {
    await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { password: 'not-the-right-one' });
    const failed = await eventually(
      async () => {
        const status = await statusOf(org, trunk);
        return status.verdict === 'failed' ? status : undefined;
      },
      { timeoutMs: 20_000, message: 'the wrong password to be noticed' },
    );
    expect(failed.bridges[0]!.registration).toMatchObject({
      sip_status: 904,
      hint: expect.stringMatching(/wrong username or password/i),
    });
    await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { password: carrier.password });
    await untilLive(org, trunk);
    expect(
      await eventually(async () => (await gatewaysOf(test, trunk)).length === 1, {
        message: 'the old revisions to be gone',
      }),
    ).toBe(true);
  });

  it('a change that FreeSWITCH need not know touches nothing in it', async () => {
    const before = await gatewaysOf(test, trunk);
    const files = await gatewayFiles(test);
    await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { name: 'Renamed', priority: 3, provider: 'Acme' });
    await untilPublished(test);
    await untilLive(org, trunk);
    expect(await gatewaysOf(test, trunk)).toEqual(before);
    expect(await gatewayFiles(test)).toEqual(files);
  });

  it('disabled, it leaves FreeSWITCH; enabled, it comes back', async () => {
    await org.api.post(`/api/v1/sip-trunks/${trunk.id}/disable`);
    await eventually(async () => (await gatewaysOf(test, trunk)).length === 0, {
      timeoutMs: 20_000,
      message: 'the gateway to go',
    });
    expect((await statusOf(org, trunk)).verdict).toBe('disabled');
    await org.api.post(`/api/v1/sip-trunks/${trunk.id}/enable`);
    await untilLive(org, trunk);
  });

  it('an inbound call finds its number, and a usage record appears whose carrier cost is external', async () => {
    const number = '+15550100200';
    await addNumber(org, trunk, number);
    const from = '+15559870001';
    expect(
      await eventually(async () => (await carrier.call({ from, number, talkMs: 600 })) === 200, {
        timeoutMs: 20_000,
        intervalMs: 250,
        message: 'the call to be answered',
      }),
    ).toBe(true);
    const [row] = await eventually(
      async () => {
        const rows = await test.billing<{
          call_id: string;
          carrier_cost: string;
          billable_ms: string;
          to_number: string;
          organization_id: string;
          trunk_id: string;
        }>('SELECT * FROM ledger_entries WHERE from_number = $1 AND answered_at IS NOT NULL', [from]);
        return rows.length === 0 ? undefined : rows;
      },
      { timeoutMs: 20_000, message: 'the usage record' },
    );
    expect(row).toMatchObject({
      carrier_cost: 'external',
      to_number: number,
      organization_id: org.id,
      trunk_id: trunk.id,
    });
    expect(Number(row!.billable_ms)).toBeGreaterThan(0);
    const events = (await callEvents(test)).filter(({ data }) => data.call_id === row!.call_id);
    expect(events.map(({ type }) => type)).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(events[0]!.data['decision']).toMatchObject({
      explanation: expect.objectContaining({
        steps: expect.arrayContaining([expect.objectContaining({ source: 'Request-URI', number, verdict: 'decided' })]),
      }),
    });
  });

  it("a rate plan that is set afterwards charges the call, and the organisation's usage shows it", async () => {
    const plan = { currency: 'USD', rate_per_minute_micros: 12_500 };
    await test.operator.put(`/api/v1/organizations/${org.id}/rate-plans/2026-01-01`, plan);
    const [sum] = await eventually(
      async () => {
        const { groups } = await org.api.get<{ groups: Record<string, unknown>[] }>(
          `/api/v1/usage/summary?by=trunk&from=2026-01-01`,
        );
        return groups.length === 1 && groups[0]!['currency'] === 'USD' ? groups : undefined;
      },
      { timeoutMs: 20_000, message: 'the call to be charged' },
    );
    const answered = Number(sum!['answered_calls']);
    expect(sum).toMatchObject({ key: trunk.id, charged_seconds: 60 * answered, amount_micros: `${12_500 * answered}` });
    const { items } = await org.api.get<{ items: Record<string, unknown>[] }>(
      `/api/v1/usage/records?trunk_id=${trunk.id}`,
    );
    expect(items.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['call', 'reversal', 'correction']));
    expect(new Set(items.map(({ carrier_cost }) => carrier_cost))).toEqual(new Set(['external']));
  });

  it('deleted, it is gone from FreeSWITCH and from its folder', async () => {
    const numbers = await org.api.get<{ id: string }[]>('/api/v1/phone-numbers');
    const refusal = await org.api.request('DELETE', `/api/v1/sip-trunks/${trunk.id}`);
    expect([refusal.status, numbers.length]).toEqual([409, 1]);
    await org.api.delete(`/api/v1/sip-trunks/${trunk.id}?force=true`);
    await eventually(async () => (await gatewaysOf(test, trunk)).length === 0, {
      timeoutMs: 20_000,
      message: 'the gateway to go',
    });
    expect((await gatewayFiles(test)).filter((name) => name.includes(trunk.id))).toEqual([]);
    expect((await org.api.request('GET', `/api/v1/sip-trunks/${trunk.id}`)).status).toBe(404);
  });

  it('no secret stands in any log', async () => {
    const secrets = [
      carrier.password,
      org.key,
      test.mesh.file.bootstrapKey,
      test.mesh.store.settings.secretKeys.split(':')[1]!,
      test.mesh.bridges[0]!.bridge.esl.password,
      'not-the-right-one',
    ];
    const logs = await test.logs();
    for (const [name, text] of Object.entries(logs))
      for (const secret of secrets) expect([name, text.includes(secret)]).toEqual([name, false]);
  });
});
