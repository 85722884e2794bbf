import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { expectedCall, type ExpectedCall } from '@trunkmesh/contracts/expected-call.js';
import { EXPECTED_CALLS_BUCKET, expectedCallKey } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { runApi } from '@trunkmesh/testkit/freeswitch/api.process.js';
import { id, NO_ASSISTANT, number, organization, startHost, trunk, type Host } from './calls.fixture.js';
import { ExpectedCalls } from './expected-calls.nats.js';

const [DID, OTHER_DID] = ['+15551234567', '+15551234568'];
const CALLER = '+15559876543';
const logger = createLogger('test', { level: 'silent' });

let host: Host;
let assistant: Assistant;
beforeAll(async () => {
  host = await startHost();
  await host.publish(organization(1), trunk(1, 1), number(1, DID), organization(2), trunk(2, 2), number(2, OTHER_DID));
}, 60_000);
afterAll(() => host?.stop());
beforeEach(async () => {
  assistant = await startAssistant();
});
afterEach(async () => {
  await host.stopAgents();
  await assistant.stop();
});

async function expectCall(over: Partial<ExpectedCall> = {}): Promise<void> {
  const expected: ExpectedCall = {
    organization_id: id(1, 1),
    trunk_id: id(2, 1),
    opened_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 60_000).toISOString(),
    echo: true,
    from: null,
    ...over,
  };
  const bucket = openBucket(host.nc, { name: EXPECTED_CALLS_BUCKET, schema: expectedCall, logger });
  await bucket.put(expectedCallKey(expected.organization_id, expected.trunk_id), expected);
}

async function startAgent() {
  const calls = await host.startAgent({ mesh: { ...NO_ASSISTANT, mediaUrl: assistant.url } });
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
  const { consumers } = await jetstreamManager(host.nc);
  const readers = () => consumers.list(`KV_${EXPECTED_CALLS_BUCKET}`).next();
  await eventually(async () => (await readers()).some(({ num_pending }) => num_pending === 0), {
    message: 'the agent to have read who waits',
  });
}
const place = (n: number, from = CALLER) =>
  host.standIn.call({ source: { address: `192.0.2.${n}` }, from, request_user: n === 1 ? DID : OTHER_DID });

/** What FreeSWITCH does with the call, once it is answered: `echo`, or `park` with an assistant. */
async function applicationOf(call: ReturnType<typeof place>): Promise<string> {
  expect((await call.final).status).toBe(200);
  const rows = async () => {
    const { rows: channels = [] } = JSON.parse(await runApi(host.standIn.freeswitch, 'show channels as json')) as {
      rows?: { uuid: string; application: string }[];
    };
    return channels.find(({ uuid }) => uuid === call.uuid)?.application;
  };
  const application = await eventually(
    async () => {
      const now = await rows();
      return now === 'echo' || assistant.connections.length > 0 ? now : undefined;
    },
    { message: 'the answer' },
  );
  call.hangUp();
  await host.untilWritten(call.uuid);
  return application;
}

describe('a call that its organisation waits for', () => {
  it('gets a tone and an echo in place of the assistant, and is recorded as every call', async () => {
    await expectCall();
    await startAgent();
    const call = place(1);
    expect(await applicationOf(call)).toBe('echo');
    expect(assistant.connections).toEqual([]);
    const types = (await host.untilWritten(call.uuid)).map(({ type }) => type);
    expect(types).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
  });

  it.each<[string, Partial<ExpectedCall>, number, string]>([
    ['is over', { expires_at: new Date(0).toISOString() }, 1, CALLER],
    ['asks for no echo', { echo: false }, 1, CALLER],
    ['is for another caller', { from: '+15550000001' }, 1, CALLER],
    ["is for another organisation's trunk", {}, 2, CALLER],
    ["claims another organisation's trunk", { trunk_id: id(2, 2) }, 2, CALLER],
  ])('gets the assistant where the waiting %s', async (_what, over, n, from) => {
    await expectCall(over);
    await startAgent();
    expect(await applicationOf(place(n, from))).not.toBe('echo');
    expect(assistant.connections).toHaveLength(1);
  });

  it('is refused as ever where it comes from a stranger', async () => {
    await expectCall();
    await startAgent();
    const call = host.standIn.call({ source: { address: '203.0.113.9' }, from: CALLER, request_user: DID });
    expect((await call.final).status).toBe(403);
  });
});

it('hears of a waiting at once, and of its end', async () => {
  const expected = new ExpectedCalls({ connection: host.nc, onConnected: (listener) => listener(host.nc) }, logger);
  const isEchoed = () =>
    expected.isEchoed({ organization_id: id(1, 1), trunk_id: id(2, 1), caller: CALLER }, new Date());
  await expectCall({ from: CALLER });
  await eventually(isEchoed, { message: 'the waiting' });
  await expectCall({ expires_at: new Date().toISOString() });
  await eventually(() => !isEchoed(), { message: 'its end' });
  await expected.stop();
});
