import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { canceledAnswer } from '@trunkmesh/contracts/outbound-call.js';
import { OUTBOUND_CANCELED } from '@trunkmesh/contracts/subjects.js';
import { CALLED, startOutbound, type FakeBridge, type Outbound } from './outbound.fixture.js';

let outbound: Outbound;
let bridge: FakeBridge;
beforeAll(async () => {
  outbound = await startOutbound();
  bridge = await outbound.bridge('bridge-1');
}, 60_000);
afterAll(() => outbound?.stop());

const ask = async (request: unknown) =>
  canceledAnswer.parse((await outbound.nc.request(OUTBOUND_CANCELED, JSON.stringify(request))).json()).canceled;

it('a bridge that has just started is told which calls were canceled', async () => {
  const { publisher, from } = await outbound.organization();
  const place = async () =>
    (await publisher('POST', '/api/v1/calls', { from_phone_number: from, to_phone_number: CALLED })).body.call_id;
  const [kept, canceled] = [await place(), await place()] as [string, string];
  // The process that had them is gone.
  bridge.onHangup = () => undefined;
  expect((await publisher('DELETE', `/api/v1/calls/${canceled}`)).status).toBeLessThan(300);
  expect(await ask({ call_ids: [kept, canceled, randomUUID()] })).toEqual([canceled]);
  for (const wrong of [{}, { call_ids: [] }, { call_ids: ['x'] }]) expect(await ask(wrong)).toEqual([]);
});
