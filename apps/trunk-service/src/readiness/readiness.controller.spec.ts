import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GatewayStates } from '@trunkmesh/routing/gateway-states.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMeshAndBridge, type SpokenBridge } from '../bridge.fixture.js';
import type { Mesh } from '../mesh.fixture.js';
import { answerForRouting } from '../routing.fixture.js';

let mesh: Mesh;
let bridge: SpokenBridge;
let stop: (() => Promise<void>) | undefined;
let stopRouting: (() => Promise<void>) | undefined;
const gateways = new GatewayStates();
beforeAll(async () => {
  ({ mesh, bridge, stop } = await startMeshAndBridge());
}, 60_000);
afterAll(async () => {
  await stopRouting?.();
  await stop?.();
});

it('names the first missing step at each stage of setting up a number', async () => {
  const { admin, member } = await mesh.organization();
  const number = (await admin('POST', '/api/v1/phone-numbers', { phone_number: '+15550100001' })).body;
  const path = `/api/v1/phone-numbers/${number.id}`;
  const missing = async () => {
    const { status, body } = await member('GET', `${path}/readiness`);
    expect(status).toBe(200);
    return { inbound: body.inbound.missing?.code ?? null, outbound: body.outbound.missing?.code ?? null };
  };
  const becomes = async (expected: Awaited<ReturnType<typeof missing>>) => {
    await eventually(async () => JSON.stringify(await missing()) === JSON.stringify(expected));
    expect(await missing()).toEqual(expected);
  };
  expect(await missing()).toEqual({ inbound: 'number-not-assigned', outbound: 'routing-unavailable' });
  stopRouting = await answerForRouting(mesh.nats.url, gateways);
  await becomes({ inbound: 'number-not-assigned', outbound: 'number-not-assigned' });
  await admin('PATCH', path, { assistant_id: 5 });
  await becomes({ inbound: 'no-trunk', outbound: 'no-trunk' });
  const trunk = (await admin('POST', '/api/v1/sip-trunks', { name: 'PBX', gateway: '198.51.100.201', register: false }))
    .body;
  await admin('PATCH', path, { sip_trunk_id: trunk.id });
  await becomes({ inbound: 'trunk-pending', outbound: 'bridge-status-unknown' });
  await bridge.report(trunk, { state: 'NOREG' });
  gateways.put({ trunk_id: trunk.id, bridge_id: 'b1', applied_revision: 1, state: 'NOREG', ping: null });
  await becomes({ inbound: null, outbound: null });
  await admin('POST', `/api/v1/sip-trunks/${trunk.id}/disable`);
  await becomes({ inbound: 'trunk-disabled', outbound: 'no-trunk' });
});

it('plans the outbound call to the number that is asked for', async () => {
  const { admin } = await mesh.organization();
  await admin('POST', '/api/v1/sip-trunks', { name: 'PBX', gateway: '198.51.100.202', register: false });
  const body = { phone_number: '+15550100002', assistant_id: 5 };
  const number = (await admin('POST', '/api/v1/phone-numbers', body)).body;
  const ready = (to: string) =>
    admin('GET', `/api/v1/phone-numbers/${number.id}/readiness?to_phone_number=${encodeURIComponent(to)}`);
  const { outbound } = await eventually(async () => {
    const answer = (await ready('+33123456789')).body;
    return answer.outbound.missing?.code === 'country-not-allowed' && answer;
  });
  expect(outbound).toMatchObject({ ready: false, to_phone_number: '+33123456789' });
  expect((await ready('911')).body.outbound.missing.code).toBe('emergency-number');
});

it("is nobody else's", async () => {
  const [mine, other] = [await mesh.organization(), await mesh.organization()];
  const number = (await mine.admin('POST', '/api/v1/phone-numbers', { phone_number: '+15550100003' })).body;
  for (const id of [number.id, 'nonsense'])
    expect(await other.admin('GET', `/api/v1/phone-numbers/${id}/readiness`)).toMatchObject({
      status: 404,
      body: { code: 'number-not-found' },
    });
});
