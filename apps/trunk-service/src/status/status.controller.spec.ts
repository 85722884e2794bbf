import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMeshAndBridge, type SpokenBridge } from '../bridge.fixture.js';
import type { Api, Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
let bridge: SpokenBridge;
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ mesh, bridge, stop } = await startMeshAndBridge());
}, 60_000);
afterAll(() => stop?.());

const TRUNKS = '/api/v1/sip-trunks';
const registering = (name: string, over: object = {}) => ({
  name,
  gateway: 'sip.example.com',
  username: 'alice',
  password: 'secret',
  ...over,
});
const create = async (api: Api, body: object) => (await api('POST', TRUNKS, body)).body;

describe("a trunk's status", () => {
  it("follows the bridge's word from the creation to a registration that works", async () => {
    const { admin, member } = await mesh.organization();
    const trunk = await create(admin, registering('Carrier'));
    const status = async () => (await member('GET', `${TRUNKS}/${trunk.id}/status`)).body;
    expect(await status()).toMatchObject({
      trunk_id: trunk.id,
      verdict: 'pending',
      bridges: [
        {
          bridge_id: 'b1',
          sip_address: 'b1.example.com',
          alive: true,
          verdict: 'pending',
          applied_revision: null,
          desired_revision: trunk.gateway_revision,
        },
      ],
    });
    await bridge.report(trunk, { state: 'TRYING', sip_status: null, sip_phrase: null });
    expect(await status()).toMatchObject({ verdict: 'pending', summary: expect.stringContaining('under way') });
    await bridge.report(trunk, {
      state: 'FAIL_WAIT',
      sip_status: 904,
      sip_phrase: 'Operation has no matching challenge',
    });
    expect(await status()).toMatchObject({
      verdict: 'failed',
      bridges: [
        {
          registration: {
            sip_status: 904,
            cause: 'wrong-credentials',
            hint: expect.stringMatching(/^wrong username or password/),
          },
        },
      ],
    });
    await bridge.report(trunk);
    expect(await status()).toMatchObject({
      verdict: 'live',
      summary: 'Live on b1: registered.',
      bridges: [{ since: expect.any(String), registration: { state: 'REGED', hint: null } }],
    });
    const changed = (await admin('PATCH', `${TRUNKS}/${trunk.id}`, { gateway: 'sip2.example.com' })).body;
    expect(await status()).toMatchObject({
      verdict: 'pending',
      summary: expect.stringContaining('latest change'),
      bridges: [{ applied_revision: trunk.gateway_revision, desired_revision: changed.gateway_revision }],
    });
    await admin('POST', `${TRUNKS}/${trunk.id}/disable`);
    expect(await status()).toMatchObject({
      verdict: 'disabled',
      summary: expect.stringContaining('still being removed from b1'),
    });
    await bridge.forget(trunk);
    expect(await status()).toMatchObject({ verdict: 'disabled', bridges: [] });
    expect(JSON.stringify(await status())).not.toContain('secret');
  });

  it("is nobody else's", async () => {
    const [a, b] = [await mesh.organization(), await mesh.organization()];
    const trunk = await create(a.admin, registering('Carrier'));
    expect((await b.admin('GET', `${TRUNKS}/${trunk.id}/status`)).status).toBe(404);
    expect((await b.admin('GET', `${TRUNKS}/nonsense/status`)).status).toBe(404);
  });
});

describe('the sync', () => {
  it('succeeds when the bridges say that everything is live, and not before', async () => {
    const { admin, member } = await mesh.organization();
    const one = await create(admin, registering('One'));
    await create(admin, registering('Off', { enabled: false }));
    expect((await member('POST', `${TRUNKS}/sync`)).status).toBe(403);
    // On a slow machine the bridges' reports are not read within 200 ms, and the answer says so.
    const early = await eventually(async () => {
      const answer = await admin('POST', `${TRUNKS}/sync?timeout_ms=200`);
      return answer.body.message.includes('0 of 1 enabled trunks are live') && answer;
    });
    expect(early).toMatchObject({
      status: 200,
      body: { success: false, total_trunks: 2, enabled_trunks: 1, pending: 1 },
    });
    const waiting = admin('POST', `${TRUNKS}/sync`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await bridge.report(one);
    expect(await waiting).toMatchObject({
      status: 200,
      body: { success: true, live: 1, message: 'All 1 enabled trunks are live on their bridges.' },
    });
  });

  it('tells which trunk failed, where and why', async () => {
    const { admin } = await mesh.organization();
    const [good, bad] = [await create(admin, registering('Good')), await create(admin, registering('Bad'))];
    await bridge.report(good);
    await bridge.report(bad, {
      applied_revision: null,
      state: null,
      error: { code: 'reload-failed', message: 'FreeSWITCH did not take the configuration' },
    });
    const { body } = await admin('POST', `${TRUNKS}/sync`);
    expect(body).toMatchObject({
      success: false,
      live: 1,
      failed: 1,
      message: expect.stringMatching(/1 failed\. "Bad": .*did not take the configuration/),
    });
    expect(body.trunks.find((each: { name: string }) => each.name === 'Bad')).toMatchObject({
      verdict: 'failed',
      bridges: [{ bridge_id: 'b1', reason: 'FreeSWITCH did not take the configuration' }],
    });
  });

  it('shows how it goes, bounds its time, and has nothing to do for nobody', async () => {
    const { admin } = await mesh.organization();
    expect((await admin('POST', `${TRUNKS}/sync?timeout_ms=600000`)).status).toBe(400);
    expect(await admin('POST', `${TRUNKS}/sync`)).toMatchObject({
      status: 200,
      body: { success: true, total_trunks: 0 },
    });
    await create(admin, registering('One'));
    const { body } = await admin('POST', `${TRUNKS}/sync?timeout_ms=300`, undefined, {
      Accept: 'application/x-ndjson',
    });
    const lines = body
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    expect(lines[0]).toEqual({ stage: 'waiting', done: 0, total: 1 });
    expect(lines[lines.length - 1]).toMatchObject({ stage: 'done', result: { success: false, pending: 1 } });
  });

  it('says that nothing is known while NATS cannot be reached', async () => {
    const { admin } = await mesh.organization();
    const trunk = await create(admin, registering('One'));
    await mesh.nats.halt();
    try {
      expect(await admin('POST', `${TRUNKS}/sync?timeout_ms=300`)).toMatchObject({
        status: 200,
        body: { success: false, message: expect.stringContaining('their state is not known') },
      });
      expect(await admin('GET', `${TRUNKS}/${trunk.id}/status`)).toMatchObject({
        status: 503,
        body: { code: 'log-unavailable' },
      });
      expect((await create(admin, registering('Two'))).id).toEqual(expect.any(String));
    } finally {
      await mesh.nats.start();
    }
    await eventually(async () => (await admin('GET', `${TRUNKS}/${trunk.id}/status`)).status === 200, {
      timeoutMs: 20_000,
    });
  }, 60_000);
});
