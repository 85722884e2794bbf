import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { permitAnswer, type PermitRequest } from '@trunkmesh/contracts/outbound-call.js';
import { CALL_LOG_GET, CALL_LOG_LIST, OUTBOUND_PERMIT, OUTBOUND_RELEASE } from '@trunkmesh/contracts/subjects.js';
import { randomUUID } from 'node:crypto';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startOutbound, type Outbound } from './outbound.fixture.js';
import { detailOf, summaryOf } from '../calls/calls.fixture.js';

const ONGOING = {
  status: 'ongoing' as const,
  direction: 'outbound' as const,
  answered_at: null,
  ended_at: null,
  end_reason: null,
  ended_by: null,
};
let outbound: Outbound;
const logged: string[] = [];
beforeAll(async () => {
  outbound = await startOutbound();
  const { nc } = outbound;
  nc.subscribe(CALL_LOG_GET, {
    callback: (_error, message) => {
      const { call_id } = message.json<{ call_id: string }>();
      message.respond(JSON.stringify({ outcome: 'call', call: detailOf(call_id, ONGOING) }));
    },
  });
  nc.subscribe(CALL_LOG_LIST, {
    callback: (_error, message) => {
      const calls = logged.map((callId) => ({ ...summaryOf(callId), ...ONGOING }));
      message.respond(JSON.stringify({ outcome: 'list', calls, total: calls.length }));
    },
  });
  await nc.flush();
}, 60_000);
afterAll(() => outbound?.stop());

async function ask(request: PermitRequest) {
  const reply = await outbound.nc.request(OUTBOUND_PERMIT, JSON.stringify(request), { timeout: 10_000 });
  return permitAnswer.parse(reply.json());
}

it('a call that waits for its trunk says so until it is its turn, and to its organisation alone', async () => {
  const mine = await outbound.organization({ max_channels: 1 });
  const theirs = await outbound.organization();
  const attempt = (): PermitRequest => ({
    ...{ call_id: randomUUID(), attempt: 1, organization_id: mine.id, trunk_id: mine.trunk.id },
    ...{ bridge_id: 'bridge-1', channels: 0 },
  });
  const [calling, first, second] = [attempt(), attempt(), attempt()];
  for (const one of [calling, first, second]) await ask(one);
  logged.push(calling.call_id, first.call_id, second.call_id);
  const queues = async (api = mine.member) =>
    (await api('GET', '/api/v1/calls?status=ongoing')).body.items.map((call: { queue: unknown }) => call.queue);
  const waiting = { trunk_id: mine.trunk.id, since: expect.stringMatching(/^20\d\d-.*T.*\.\d{3}Z$/) };
  expect(await queues()).toEqual([null, { ...waiting, position: 1 }, { ...waiting, position: 2 }]);
  expect((await mine.member('GET', `/api/v1/calls/${second.call_id}`)).body).toMatchObject({
    status: 'ongoing',
    queue: { ...waiting, position: 2 },
  });
  expect(await queues(theirs.admin)).toEqual([null, null, null]);
  const { call_id, trunk_id } = calling;
  outbound.nc.publish(OUTBOUND_RELEASE, JSON.stringify({ call_id, attempt: 1, trunk_id }));
  await eventually(async () => (await ask(first)).outcome === 'granted');
  expect(await queues()).toEqual([null, null, { ...waiting, position: 1 }]);
});
