import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { endCallsAnswer } from '@trunkmesh/contracts/call-control.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { id, NO_ASSISTANT, number, organization, startHost, trunk, type Host } from '../inbound/calls.fixture.js';

const DID = '+15551234567';
const ECHO_DID = '+15551234568';
const OTHERS_DID = '+15557654321';

let host: Host;
let assistant: Assistant;
beforeAll(async () => {
  host = await startHost();
  assistant = await startAssistant();
  const talks = { call_settings: { media_url: assistant.url } };
  await host.publish(organization(1), organization(2), trunk(1, 1), trunk(2, 2));
  await host.publish(number(1, DID, talks), number(1, ECHO_DID), number(2, OTHERS_DID));
}, 60_000);
afterAll(async () => {
  await assistant?.stop();
  await host?.stop();
});
beforeEach(() => {
  assistant.refuse = undefined;
});
afterEach(() => host.stopAgents());

async function startAgent() {
  const calls = await host.startAgent({ mesh: NO_ASSISTANT });
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  // Its routes may be up before NATS has its subscriptions.
  await eventually(
    () =>
      endAll({}).then(
        () => true,
        () => false,
      ),
    { message: 'requests to be answered' },
  );
  return calls;
}
const callTo = (request_user: string, trunkNumber = 1) =>
  host.standIn.call({ source: { address: `192.0.2.${trunkNumber}` }, from: '+15559876543', request_user });
async function answeredCallTo(request_user: string, trunkNumber = 1) {
  const call = callTo(request_user, trunkNumber);
  expect((await call.final).status).toBe(200);
  return call;
}
async function endAll(body: object = { organization_id: id(1, 1), reason: 'organization-suspended' }) {
  const subject = bridgeRequest('bridge-1', 'calls.end');
  const reply = await host.nc.request(subject, JSON.stringify(body), { timeout: 10_000 });
  return endCallsAnswer.parse(reply.json());
}
const lastOf = async (uuid: string) => (await host.untilWritten(uuid)).at(-1)!;
const BY_SUSPENSION = {
  type: 'CallEnded',
  data: { end_reason: 'organization-suspended', hangup_cause: 'NORMAL_CLEARING', reconstructed: false },
};

describe("the end of an organisation's calls", () => {
  it("is the end of those with an assistant and of those that echo, and of nobody else's", async () => {
    const calls = await startAgent();
    const own = [await answeredCallTo(DID), await answeredCallTo(ECHO_DID)];
    const others = await answeredCallTo(OTHERS_DID, 2);
    expect(await endAll()).toEqual({ outcome: 'done', ended: 2, unconfirmed: 0 });
    for (const { uuid } of own) expect(await lastOf(uuid)).toMatchObject(BY_SUSPENSION);
    expect(await endAll()).toEqual({ outcome: 'done', ended: 0, unconfirmed: 0 });
    await eventually(() => calls.live() === 1);
    expect((await host.callEvents(others.uuid)).map(({ type }) => type)).toEqual(['CallStarted', 'CallAnswered']);
    others.hangUp();
    expect((await lastOf(others.uuid)).data).toMatchObject({ end_reason: 'caller-hung-up' });
  });

  it('is the end of those that ring', async () => {
    assistant.refuse = () => ({ status: 503 });
    await startAgent();
    const call = callTo(DID);
    await eventually(async () => (await host.callEvents(call.uuid)).length > 0, { message: 'CallStarted' });
    expect(await endAll()).toEqual({ outcome: 'done', ended: 1, unconfirmed: 0 });
    expect((await call.final).status).not.toBe(200);
    const { data } = await lastOf(call.uuid);
    expect(data).toMatchObject({ end_reason: 'organization-suspended', answered_at: null });
  });

  it('is the end of those that were found again after a restart', async () => {
    const first = await startAgent();
    const call = await answeredCallTo(ECHO_DID);
    await first.stop();
    const second = await startAgent();
    await eventually(() => second.live() === 1 && second.outOfSight() === 0, { message: 'the call to be found' });
    expect(await endAll({ organization_id: id(1, 2), reason: 'organization-suspended' })).toMatchObject({ ended: 0 });
    expect(await endAll()).toEqual({ outcome: 'done', ended: 1, unconfirmed: 0 });
    await call.ended;
    const last = await lastOf(call.uuid);
    expect(last).toMatchObject(BY_SUSPENSION);
    const steps = [{ what: 'agent-restarted' }, { what: 'hang-up-requested', detail: 'organization-suspended' }];
    const timeline = expect.arrayContaining(steps.map((step) => expect.objectContaining(step)));
    expect(last.data).toMatchObject({ timeline });
  });

  it.each([
    [{}],
    [{ organization_id: '*', reason: 'organization-suspended' }],
    [{ organization_id: id(1, 1), reason: 'x' }],
  ])('is not asked for by %j', async (body) => {
    await startAgent();
    expect(await endAll(body)).toMatchObject({ outcome: 'refused', code: 'invalid-request' });
  });
});
